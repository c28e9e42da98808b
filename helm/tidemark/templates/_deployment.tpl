{{/* The Deployment of api, worker or scheduler. Takes { root, component, block }: the block is that of the component in the values. */}}
{{- define "tidemark.deployment" -}}
{{- $root := .root -}}
{{- $block := .block -}}
{{- $fullname := include "tidemark.fullname" $root -}}
{{- $readsFiles := and (ne .component "api") (include "tidemark.files" $root | fromYaml) -}}
{{- $writesSnapshots := and (eq .component "scheduler") $root.Values.snapshots.existingClaim -}}
{{- $csvVolume := eq .component "worker" | ternary (include "tidemark.csvVolume" $root) "" -}}
{{- $drains := eq .component "api" | ternary $root.Values.service.drainSeconds 0 | int -}}
{{- $needed := add $block.preStopSleepSeconds $drains 8 -}}
{{- if lt (int $block.terminationGracePeriodSeconds) (int $needed) -}}
{{- fail (printf "%s.terminationGracePeriodSeconds: must be %d at least: %d of preStopSleepSeconds, %d of service.drainSeconds, and the 8 that the process takes to end" .component $needed (int $block.preStopSleepSeconds) $drains) -}}
{{- end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}-{{ .component }}
  labels:
    {{- include "tidemark.labels" . | nindent 4 }}
  {{- with $block.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not $block.autoscaling.enabled }}
  replicas: {{ $block.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      {{- toYaml $block.strategy | nindent 6 }}
  selector:
    matchLabels:
      {{- include "tidemark.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "tidemark.labels" . | nindent 8 }}
        {{- with $block.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/config: {{ include "tidemark.checksum" $root }}
        {{- with $block.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "tidemark.serviceAccountName" $root }}
      {{- include "tidemark.podSecurity" (dict "root" $root "user" 10001) | nindent 6 }}
      terminationGracePeriodSeconds: {{ $block.terminationGracePeriodSeconds }}
      {{- with include "tidemark.placement" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "tidemark.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ .component }}]
          {{- include "tidemark.containerSecurity" . | nindent 10 }}
          ports:
            - { name: http, containerPort: {{ include "tidemark.port" .component }}, protocol: TCP }
          envFrom:
            - configMapRef: { name: {{ $fullname }}-config }
            {{- if ne .component "api" }}
            {{- with $root.Values.sources.existingSecret }}
            - secretRef: { name: {{ . }} }
            {{- end }}
            {{- end }}
            {{- with $block.extraEnvFrom }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          env:
            {{- include "tidemark.variables" . | trim | nindent 12 }}
            {{- with $block.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          startupProbe:
            {{- include "tidemark.probe" $block.probes.startup | nindent 12 }}
          livenessProbe:
            {{- include "tidemark.probe" $block.probes.liveness | nindent 12 }}
          readinessProbe:
            {{- include "tidemark.probe" $block.probes.readiness | nindent 12 }}
          {{- if gt (int $block.preStopSleepSeconds) 0 }}
          lifecycle:
            preStop: { sleep: { seconds: {{ $block.preStopSleepSeconds }} } }
          {{- end }}
          resources:
            {{- toYaml $block.resources | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            {{- if $readsFiles }}
            - { name: files, mountPath: /etc/tidemark, readOnly: true }
            {{- end }}
            {{- if $writesSnapshots }}
            - name: snapshots
              mountPath: /var/lib/tidemark/snapshots
              {{- with $root.Values.snapshots.subPath }}
              subPath: {{ . | quote }}
              {{- end }}
            {{- end }}
            {{- if $csvVolume }}
            - name: csv-files
              mountPath: /var/lib/tidemark/csv
              readOnly: true
              {{- with $root.Values.csvFiles.subPath }}
              subPath: {{ . | quote }}
              {{- end }}
            {{- end }}
            {{- with $block.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - { name: tmp, emptyDir: { sizeLimit: 64Mi } }
        {{- if $readsFiles }}
        - { name: files, configMap: { name: {{ $fullname }}-files } }
        {{- end }}
        {{- if $writesSnapshots }}
        - { name: snapshots, persistentVolumeClaim: { claimName: {{ $root.Values.snapshots.existingClaim }} } }
        {{- end }}
        {{- with $csvVolume }}
        - name: csv-files
          {{- . | nindent 10 }}
        {{- end }}
        {{- with $block.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}

{{/* Changes with what the ConfigMaps hold, so that a change of theirs rolls the pods. */}}
{{- define "tidemark.checksum" -}}
{{- printf "%s%s" (include "tidemark.settings" .) (include "tidemark.files" .) | sha256sum -}}
{{- end -}}
