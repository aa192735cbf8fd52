{{- define "fada.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 48 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "fada.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "fada.labels" -}}
{{ include "fada.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}


{{/* By digest where one is given: then the tag is only for people. */}}
{{- define "fada.imageName" -}}
{{ .name | default .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "fada.hubImage" -}}
image: {{ include "fada.imageName" (dict "image" .Values.image "root" .) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{/* A start may take a quarter of an hour: on a busy node it is slow, and what ends is started again at once. */}}
{{- define "fada.startup" -}}
periodSeconds: 5
timeoutSeconds: 10
failureThreshold: 180
{{- end }}

{{/* Whether a listener answers: the kernel accepts connections for a program that hangs. */}}
{{- define "fada.asks" -}}
exec: {command: [python, -m, services.standalone.probe, {{ .protocol }}, {{ .port | quote }}]}
{{- end }}

{{/* The environment of every program of the hub: secrets by reference, settings by name. */}}
{{- define "fada.env" -}}
{{- $root := . }}
{{- range $name, $key := .Values.secret.keys }}
- name: FADA_{{ upper $name }}
  valueFrom:
    secretKeyRef: {name: {{ $root.Values.secret.name }}, key: {{ $key }}}
{{- end }}
{{- if .Values.triton.enabled }}
- {name: FADA_TRITON_GRPC, value: "{{ include "fada.name" . }}-triton:8001"}
{{- end }}
{{- if and .Values.gateway.ingress.enabled (not (hasKey .Values.settings "public_url")) }}
- {name: FADA_PUBLIC_URL, value: "https://{{ .Values.gateway.ingress.host }}"}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: FADA_{{ upper $name }}, value: {{ if kindIs "string" $value }}{{ $value | quote }}{{ else }}{{ $value | toJson | quote }}{{ end }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The same with the releases' volume, which the preparing job does not have. */}}
{{- define "fada.partEnv" -}}
{{ include "fada.env" . }}
{{- if .Values.releases.enabled }}
- {name: FADA_RELEASES, value: /var/lib/fada-releases}
{{- end }}
{{- end }}

{{/* What every pod mounts beside its own: extra volumes, and the releases. */}}
{{- define "fada.mounts" -}}
{{- if .root.Values.releases.enabled }}
- {name: releases, mountPath: /var/lib/fada-releases, readOnly: {{ ne .part "gateway" }}}
{{- end }}
{{- with and (ne .part "triton") .root.Values.tlsSecret }}
- {name: tls, mountPath: /etc/fada/tls, readOnly: true}
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "fada.volumes" -}}
{{- if .root.Values.releases.enabled }}
- name: releases
  persistentVolumeClaim:
    claimName: {{ .root.Values.releases.existingClaim | default (printf "%s-releases" (include "fada.name" .root)) }}
{{- end }}
{{- with and (ne .part "triton") .root.Values.tlsSecret }}
- {name: tls, secret: {secretName: {{ . }}}}
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "fada.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "fada.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* The job label that Prometheus' operator gives a PodMonitor's targets. */}}
{{- define "fada.job" -}}
{{ .root.Release.Namespace }}/{{ include "fada.name" .root }}-{{ .part }}
{{- end }}

{{- define "fada.podSecurity" -}}
serviceAccountName: {{ include "fada.serviceAccount" . }}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "fada.spread" -}}
{{- if .root.Values.topologySpread }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "fada.selector" . | nindent 8 }}
{{- end }}
{{- end }}

{{- define "fada.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "fada.podLabels" -}}
{{ include "fada.labels" . }}
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* At least one stays while nodes are drained; of one, the drain may take it. */}}
{{- define "fada.disruption" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "fada.name" .root }}-{{ .part }}
  labels: {{- include "fada.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "fada.selector" . | nindent 6 }}
{{- end }}
