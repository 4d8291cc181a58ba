{{- define "candled.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* 52: a StatefulSet's pods carry its name and a hash in a label of 63. */}}
{{- define "candled.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "candled.selector" -}}
app.kubernetes.io/name: {{ include "candled.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The collector's pods are no shards: neither their Services nor their budget may find them. */}}
{{- define "candled.collectSelector" -}}
app.kubernetes.io/name: {{ include "candled.name" . }}-collect
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "candled.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "candled.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "candled.serviceAccountName" -}}
{{- $own := ternary (include "candled.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $own .Values.serviceAccount.name -}}
{{- end -}}

{{- define "candled.image" -}}
{{- $image := .Values.image -}}
{{- $name := ternary $image.repository (printf "%s/%s" $image.registry $image.repository) (empty $image.registry) -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $name $image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default .Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}

{{/* Whole seconds of a duration of candled's ("1500ms", "10s", "2m", "1h", "1d"), rounded up. */}}
{{- define "candled.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | atoi -}}
{{- $unit := trimPrefix (regexFind "^[0-9]+" .) . -}}
{{- if eq $unit "ms" -}}
{{ div (add $number 999) 1000 }}
{{- else -}}
{{ mul $number (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) }}
{{- end -}}
{{- end -}}

{{- define "candled.opsListen" -}}
{{- dig "http" "ops_listen" "127.0.0.1:9464" .Values.config -}}
{{- end -}}

{{- define "candled.opsPort" -}}
{{- regexFind "[0-9]+$" (include "candled.opsListen" .) -}}
{{- end -}}

{{/* A stop takes shutdown.timeout at most, of which publishing snapshots may want 10 s more; then it is time. */}}
{{- define "candled.graceSecondsLeast" -}}
{{- add (include "candled.seconds" (dig "shutdown" "timeout" "10s" .Values.config) | int) 10 15 -}}
{{- end -}}

{{- define "candled.graceSeconds" -}}
{{- default (include "candled.graceSecondsLeast" .) .Values.terminationGracePeriodSeconds -}}
{{- end -}}

{{- define "candled.isOrdinal" -}}
{{- if eq (dig "kafka" "assignment" "group" .Values.config) "ordinal" -}}true{{- end -}}
{{- end -}}

{{/* CANDLED_REDIS__PASSWORD for redis.password; the points of librdkafka's names become underscores. */}}
{{- define "candled.variable" -}}
{{- $parts := splitList "." . -}}
{{- $rest := join "_" (rest $parts) -}}
{{- if hasPrefix "kafka.properties." . -}}
{{- $rest = printf "properties__%s" (join "_" (slice $parts 2)) -}}
{{- end -}}
{{- printf "CANDLED_%s__%s" (first $parts) $rest | upper -}}
{{- end -}}

{{- define "candled.secretsPath" -}}/etc/candled-secrets{{- end -}}

{{- define "candled.probe" -}}
{{ toYaml .probe }}
httpGet:
  path: {{ .path }}
  port: metrics
{{- end -}}

{{/* The variables that the chart itself sets; they come before those of extraEnv. */}}
{{- define "candled.env" -}}
{{- include "candled.envLines" . | trim -}}
{{- end -}}

{{- define "candled.envLines" -}}
{{- if include "candled.isOrdinal" . }}
- name: CANDLED_SHARD__COUNT
  value: {{ .Values.replicaCount | quote }}
- name: CANDLED_SHARD__INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
{{- else if .Values.staticMembership }}
- name: CANDLED_KAFKA__INSTANCE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- include "candled.secretEnv" . }}
{{- with .Values.snapshots.existingClaim }}
- name: CANDLED_SNAPSHOTS__URL
  value: file://{{ $.Values.snapshots.mountPath }}
{{- end }}
{{- with .Values.snapshots.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {name: {{ . | quote }}, key: {{ $.Values.snapshots.accessKeyKey | quote }}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {name: {{ . | quote }}, key: {{ $.Values.snapshots.secretKeyKey | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "candled.secretEnv" -}}
{{- range $setting, $at := .Values.secrets }}
{{- if eq $.Values.secretsAs "env" }}
- name: {{ include "candled.variable" $setting }}
  valueFrom:
    secretKeyRef: {name: {{ $at.name | quote }}, key: {{ $at.key | quote }}}
{{- else }}
- name: {{ include "candled.variable" $setting }}_FILE
  value: {{ include "candled.secretsPath" $ }}/{{ $setting }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The jobs of the daily batch are no shards either. */}}
{{- define "candled.batchSelector" -}}
app.kubernetes.io/name: {{ include "candled.name" . }}-batch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Of the batch: what it folds and fetches stands in its scratch volume; its bucket is as the snapshots' one. */}}
{{- define "candled.batchEnv" -}}
- name: TMPDIR
  value: {{ .Values.persistence.mountPath }}
{{- with .Values.batch.existingClaim }}
- name: CANDLED_BATCH__BACKUP_DIR
  value: {{ $.Values.batch.mountPath }}
{{- end }}
{{- include "candled.secretEnv" . }}
{{- with .Values.snapshots.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {name: {{ . | quote }}, key: {{ $.Values.snapshots.accessKeyKey | quote }}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {name: {{ . | quote }}, key: {{ $.Values.snapshots.secretKeyKey | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of the collector: it has no part of the topic and no snapshots. */}}
{{- define "candled.collectEnv" -}}
{{- include "candled.secretEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "candled.mounts" -}}
- name: config
  mountPath: /etc/candled
  readOnly: true
{{- if and .Values.secrets (eq .Values.secretsAs "file") }}
- name: secrets
  mountPath: {{ include "candled.secretsPath" . }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "candled.volumes" -}}
- name: config
  configMap:
    name: {{ include "candled.fullname" . }}
{{- if and .Values.secrets (eq .Values.secretsAs "file") }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $setting, $at := .Values.secrets }}
      - secret:
          name: {{ $at.name | quote }}
          items:
            - key: {{ $at.key | quote }}
              path: {{ $setting }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "candled.policyRules" -}}
policyTypes:
  - Ingress
  {{- if .Values.networkPolicy.egress }}
  - Egress
  {{- end }}
ingress:
  - ports:
      - {port: metrics, protocol: TCP}
    {{- with .Values.networkPolicy.ingressFrom }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- with .Values.networkPolicy.egress }}
egress:
  - ports:
      - {port: 53, protocol: UDP}
      - {port: 53, protocol: TCP}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "candled.validate" -}}
{{- $config := .Values.config -}}
{{- if dig "kafka" "instance_id" "" $config -}}
{{- fail "config.kafka.instance_id: would be the same for all pods; the chart sets it to each pod's name (staticMembership)" -}}
{{- end -}}
{{- if hasKey $config "shard" -}}
{{- fail "config.shard: would be the same for all pods; the chart sets it with config.kafka.assignment: ordinal" -}}
{{- end -}}
{{- $listen := include "candled.opsListen" . -}}
{{- if or (regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen) (not (regexMatch ":[1-9][0-9]*$" $listen)) -}}
{{- fail (printf "config.http.ops_listen: %q cannot be reached by the kubelet; set an address such as 0.0.0.0:9464" $listen) -}}
{{- end -}}
{{- if not (hasPrefix (printf "%s/" (trimSuffix "/" .Values.persistence.mountPath)) (printf "%s/" (dig "data_dir" "" $config))) -}}
{{- fail (printf "config.data_dir: has to be at or below persistence.mountPath, %s" .Values.persistence.mountPath) -}}
{{- end -}}
{{- if and .Values.snapshots.existingClaim (or (dig "snapshots" "url" "" $config) (dig "snapshots" "url_file" "" $config)) -}}
{{- fail "snapshots.existingClaim and config.snapshots.url: only one of them" -}}
{{- end -}}
{{- $backups := dig "batch" "backup_dir" "" $config -}}
{{- if and .Values.batch.enabled (not .Values.batch.existingClaim) (not (hasPrefix "s3://" $backups)) -}}
{{- fail "batch.enabled: a job has no disk that stays; set config.batch.backup_dir to s3://BUCKET/PREFIX, or batch.existingClaim" -}}
{{- end -}}
{{- if and .Values.batch.existingClaim $backups -}}
{{- fail "batch.existingClaim and config.batch.backup_dir: only one of them" -}}
{{- end -}}
{{- if lt (include "candled.graceSeconds" . | int) (include "candled.graceSecondsLeast" . | int) -}}
{{- fail (printf "terminationGracePeriodSeconds: at least %s with this config.shutdown.timeout, or a stop is cut off" (include "candled.graceSecondsLeast" .)) -}}
{{- end -}}
{{- end -}}
