{{/* What the throw-away stores and the simulator share: one pod each, whose data goes with it, and a Service. */}}

{{/* Takes { root, component, user, container }: `container` is the YAML of what is special to its container. */}}
{{- define "tidemark.singlePod" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "tidemark.fullname" .root }}-{{ .component }}
  labels:
    {{- include "tidemark.labels" . | nindent 4 }}
spec:
  replicas: 1
  # Never two of them beside each other.
  strategy: { type: Recreate }
  selector:
    matchLabels:
      {{- include "tidemark.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "tidemark.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "tidemark.serviceAccountName" .root }}
      {{- include "tidemark.podSecurity" . | nindent 6 }}
      containers:
        - name: {{ .component }}
          {{- include "tidemark.containerSecurity" . | nindent 10 }}
          ports:
            - { name: {{ .portName }}, containerPort: {{ include "tidemark.port" .component }}, protocol: TCP }
          {{- .container | nindent 10 }}
          volumeMounts:
            {{- range $name, $path := .folders }}
            - { name: {{ $name }}, mountPath: {{ $path }} }
            {{- end }}
      volumes:
        {{- range $name, $path := .folders }}
        - { name: {{ $name }}, emptyDir: {} }
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "tidemark.serviceName" . }}
  labels:
    {{- include "tidemark.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "tidemark.selectorLabels" . | nindent 4 }}
  ports:
    - name: {{ .portName }}
      port: {{ include "tidemark.port" .component }}
      targetPort: {{ .portName }}
      protocol: TCP
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "tidemark.fullname" .root }}-{{ .component }}
  labels:
    {{- include "tidemark.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "tidemark.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - ports:
        - { port: {{ .portName }}, protocol: TCP }
      from:
        - podSelector:
            matchLabels:
              {{- include "tidemark.releaseLabels" .root | nindent 14 }}
            matchExpressions:
              - { key: app.kubernetes.io/component, operator: In, values: [{{ join ", " .callers }}] }
{{- end }}
{{- end -}}
