{{/* What the processes are told. Each gets what it needs of the Secrets and no more: the API never sees the owner's password. */}}

{{/* Settings that are no secret, as a map. */}}
{{- define "tidemark.settings" -}}
{{- $settings := dict "TIDEMARK_MODE" (.Values.simulator.enabled | ternary "simulated" "live") -}}
{{- if .Values.simulator.enabled -}}
{{- $simulator := printf "http://%s-simulator:%s" (include "tidemark.fullname" .) (include "tidemark.port" "simulator") -}}
{{- range $name, $value := .Files.Get "files/simulated-sources.yaml" | fromYaml -}}
{{- $_ := set $settings $name (hasSuffix "_URL" $name | ternary (printf "%s%s" $simulator $value) $value) -}}
{{- end -}}
{{- $_ := set $settings "ETL_CSV_DIR" "/app/samples/csv" -}}
{{- end -}}
{{- range $name, $value := .Values.config -}}
{{- if regexMatch "^(DATABASE_URL|API_DATABASE_URL|(QUEUE|REDIS)_URL|.*PASSWORD|.*_API_KEY)$" $name -}}
{{- fail (printf "config.%s: secrets belong into Secrets, which postgresql, redis, control and sources name (existingSecret)" $name) -}}
{{- else if regexMatch "^(PORT|(API|CONTROL|WORKER|SIMULATOR)_(HOST|PORT)|API_DRAIN_SECONDS|CATALOGUE_FILE|HTTP_SOURCES_FILE|SNAPSHOT_DIR|DATA_DIR)$" $name -}}
{{- fail (printf "config.%s: the chart sets it; see service, catalogue, sources.declared and snapshots" $name) -}}
{{- end -}}
{{- /* Numbers of YAML are floats, and large ones would be written with an exponent. */ -}}
{{- $isWhole := and (kindIs "float64" $value) (eq (toString (floor $value)) (toString $value)) -}}
{{- $_ := set $settings $name ($isWhole | ternary (int64 $value | toString) (toString $value)) -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* The volume with CSV files, as what stands beside its name; empty when there is none. */}}
{{- define "tidemark.csvVolume" -}}
{{- with .Values.csvFiles -}}
{{- if and .existingClaim .existingConfigMap -}}
{{- fail "csvFiles: name existingClaim or existingConfigMap, and not both" -}}
{{- else if .existingClaim -}}
persistentVolumeClaim: { claimName: {{ .existingClaim }}, readOnly: true }
{{- else if .existingConfigMap -}}
configMap: { name: {{ .existingConfigMap }} }
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Files that the processes read, as a map of their names to their text. */}}
{{- define "tidemark.files" -}}
{{- $files := dict -}}
{{- with .Values.catalogue -}}
{{- $_ := set $files "catalogue.yaml" (kindIs "string" . | ternary . (toYaml .)) -}}
{{- end -}}
{{- with .Values.sources.declared -}}
{{- $_ := set $files "sources.yaml" (kindIs "string" . | ternary . (toYaml .)) -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}

{{- define "tidemark.postgresqlSecret" -}}
{{- if and .Values.devStores.enabled (or .Values.postgresql.existingSecret .Values.postgresql.host) -}}
{{- fail "devStores.enabled brings a Postgres of its own: leave postgresql.existingSecret and postgresql.host empty, or turn devStores off" -}}
{{- else if .Values.devStores.enabled -}}
{{- printf "%s-postgresql" (include "tidemark.fullname" .) -}}
{{- else if .Values.postgresql.existingSecret -}}
{{- .Values.postgresql.existingSecret -}}
{{- else -}}
{{- fail "postgresql.existingSecret is empty: name the Secret with DATABASE_URL, API_DATABASE_URL and API_DATABASE_PASSWORD (helm/tidemark/README.md), or set devStores.enabled for a throw-away database" -}}
{{- end -}}
{{- end -}}

{{/* Secret with the queue store's address; empty when the queue lives in Postgres. */}}
{{- define "tidemark.redisSecret" -}}
{{- if and .Values.devStores.enabled .Values.redis.existingSecret -}}
{{- fail "devStores.enabled brings a Valkey of its own: leave redis.existingSecret empty, or turn devStores off" -}}
{{- else if .Values.devStores.enabled -}}
{{- printf "%s-redis" (include "tidemark.fullname" .) -}}
{{- else -}}
{{- .Values.redis.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "tidemark.controlSecret" -}}
{{- default (printf "%s-control" (include "tidemark.fullname" .)) .Values.control.existingSecret -}}
{{- end -}}

{{/* A variable whose value is a key of a Secret. Takes { name, secret, key }. */}}
{{- define "tidemark.secretVariable" -}}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .secret }}, key: {{ .key }} } }
{{- end -}}

{{/* Where the database is, without users. */}}
{{- define "tidemark.postgresqlPlace" -}}
- { name: POSTGRES_HOST, value: {{ .Values.postgresql.host | quote }} }
- { name: POSTGRES_PORT, value: {{ .Values.postgresql.port | quote }} }
- { name: POSTGRES_DB, value: {{ .Values.postgresql.database | quote }} }
{{- end -}}

{{/* Variables of one process. Takes { root, component }. */}}
{{- define "tidemark.variables" -}}
{{- $values := .root.Values -}}
{{- $secret := include "tidemark.postgresqlSecret" .root -}}
{{- $apiSecret := default $secret $values.postgresql.apiExistingSecret -}}
{{- $keys := $values.postgresql.keys -}}
{{- if eq .component "api" }}
{{- if $values.postgresql.host }}
{{ include "tidemark.postgresqlPlace" .root }}
- { name: API_DATABASE_USER, value: {{ $values.postgresql.apiUsername | quote }} }
{{ include "tidemark.secretVariable" (dict "name" "API_DATABASE_PASSWORD" "secret" $apiSecret "key" $keys.apiDatabasePassword) }}
{{- else }}
{{ include "tidemark.secretVariable" (dict "name" "API_DATABASE_URL" "secret" $apiSecret "key" $keys.apiDatabaseUrl) }}
{{- end }}
- { name: API_HOST, value: 0.0.0.0 }
- { name: API_PORT, value: {{ include "tidemark.port" "api" | quote }} }
- { name: API_DRAIN_SECONDS, value: {{ $values.service.drainSeconds | quote }} }
{{- else }}
{{- if $values.postgresql.host }}
{{ include "tidemark.postgresqlPlace" .root }}
- { name: POSTGRES_USER, value: {{ $values.postgresql.username | quote }} }
{{ include "tidemark.secretVariable" (dict "name" "POSTGRES_PASSWORD" "secret" $secret "key" $keys.password) }}
{{- else }}
{{ include "tidemark.secretVariable" (dict "name" "DATABASE_URL" "secret" $secret "key" $keys.databaseUrl) }}
{{- end }}
{{- with include "tidemark.redisSecret" .root }}
{{ include "tidemark.secretVariable" (dict "name" "QUEUE_URL" "secret" . "key" $values.redis.keys.queueUrl) }}
{{- end }}
{{- if $values.sources.declared }}
- { name: HTTP_SOURCES_FILE, value: /etc/tidemark/sources.yaml }
{{- end }}
{{- end }}
{{- if eq .component "migrate" }}
- { name: API_DATABASE_USER, value: {{ $values.postgresql.apiUsername | quote }} }
{{- if $values.postgresql.manageApiRole }}
{{ include "tidemark.secretVariable" (dict "name" "API_DATABASE_PASSWORD" "secret" $apiSecret "key" $keys.apiDatabasePassword) }}
{{- end }}
{{- else if and (has .component (list "scheduler" "worker")) (include "tidemark.csvVolume" .root) }}
- { name: ETL_CSV_DIR, value: /var/lib/tidemark/csv }
{{- end }}
{{- if eq .component "scheduler" }}
- { name: CONTROL_HOST, value: 0.0.0.0 }
- { name: CONTROL_PORT, value: {{ include "tidemark.port" "scheduler" | quote }} }
{{ include "tidemark.secretVariable" (dict "name" "CONTROL_PASSWORD" "secret" (include "tidemark.controlSecret" .root) "key" $values.control.keys.password) }}
{{- if $values.catalogue }}
- { name: CATALOGUE_FILE, value: /etc/tidemark/catalogue.yaml }
{{- end }}
{{- if $values.snapshots.existingClaim }}
- { name: SNAPSHOT_DIR, value: /var/lib/tidemark/snapshots }
{{- end }}
{{- else if eq .component "worker" }}
- { name: WORKER_HOST, value: 0.0.0.0 }
- { name: WORKER_PORT, value: {{ include "tidemark.port" "worker" | quote }} }
{{- end }}
{{- end -}}
