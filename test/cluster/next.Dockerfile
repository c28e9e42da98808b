# The next build, made out of this one: the same image with other compiled programs.
ARG TIDEMARK_IMAGE
FROM ${TIDEMARK_IMAGE}
COPY . /app/dist
