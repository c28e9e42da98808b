{{/* Names, labels and the image: what every object has. */}}

{{- define "tidemark.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Prefix of the names of all objects. Room is left for the longest ending, since names of Services end at 63 letters. */}}
{{- define "tidemark.fullname" -}}
{{- $name := include "tidemark.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels of every pod of the release: what selectors of the whole release ask for. */}}
{{- define "tidemark.releaseLabels" -}}
app.kubernetes.io/name: {{ include "tidemark.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels by which one component is chosen. Takes { root, component }. */}}
{{- define "tidemark.selectorLabels" -}}
{{ include "tidemark.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object. Takes { root } and, where the object belongs to one, { component }. */}}
{{- define "tidemark.labels" -}}
{{ include "tidemark.releaseLabels" .root }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tidemark
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tidemark.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository is empty: set it, with image.digest, to the image that your CI pushed, or load one into the nodes with `make image-load` (kind, k3d or containerd) and set image.repository=localhost/tidemark and image.tag=dev" -}}
{{- end -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tidemark.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tidemark.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Where a component listens. */}}
{{- define "tidemark.port" -}}
{{- get (dict "api" "8000" "scheduler" "8001" "worker" "8002" "simulator" "8003" "postgresql" "5432" "valkey" "6379") . -}}
{{- end -}}

{{/* Name of the Service of a component. Takes { root, component }. */}}
{{- define "tidemark.serviceName" -}}
{{- printf "%s-%s" (include "tidemark.fullname" .root) (eq .component "scheduler" | ternary "control" .component) -}}
{{- end -}}
