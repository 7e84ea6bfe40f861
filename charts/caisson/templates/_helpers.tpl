{{- define "caisson.name" -}}
{{- printf "%s" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "caisson.image" -}}
{{- printf "%s/%s:%s" .root.Values.image.prefix .image (coalesce (get .root.Values.image.tags .image) .root.Values.image.tag .root.Chart.AppVersion) -}}
{{- end -}}

{{/* The labels that select: they never change. */}}
{{- define "caisson.selector" -}}
app.kubernetes.io/name: caisson
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "caisson.labels" -}}
{{ include "caisson.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* What every pod says: nothing here speaks to the Kubernetes API. */}}
{{- define "caisson.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "caisson.unprivileged" -}}
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
runAsNonRoot: true
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
seccompProfile:
  {{- if eq .root.Values.seccompProfile "RuntimeDefault" }}
  type: RuntimeDefault
  {{- else }}
  type: Localhost
  localhostProfile: {{ .root.Values.seccompProfile }}
  {{- end }}
{{- end -}}

{{- define "caisson.kafka" -}}
{{- if .Values.kafka.bootstrapServers -}}
{{ .Values.kafka.bootstrapServers }}
{{- else if .Values.trial.enabled -}}
{{ include "caisson.name" . }}-kafka:9092
{{- end -}}
{{- end -}}

{{- define "caisson.kafkaEnvironment" -}}
{{- with include "caisson.kafka" . }}
- name: CAISSON_KAFKA_BOOTSTRAP_SERVERS
  value: {{ . | quote }}
{{- end }}
- name: CAISSON_KAFKA_REPLICATION
  value: {{ .Values.kafka.replication | quote }}
{{- if .Values.kafka.propertiesSecret }}
- name: CAISSON_KAFKA_PROPERTIES_FILE
  value: /etc/caisson/kafka/kafka.properties
{{- end }}
{{- end -}}

{{- define "caisson.kafkaMounts" -}}
{{- if .Values.kafka.propertiesSecret }}
- {name: kafka-properties, mountPath: /etc/caisson/kafka, readOnly: true}
{{- end }}
{{- end -}}

{{- define "caisson.kafkaVolumes" -}}
{{- if .Values.kafka.propertiesSecret }}
- name: kafka-properties
  secret: {secretName: {{ .Values.kafka.propertiesSecret }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{- define "caisson.environment" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Restarted only where the JVM itself no longer answers; who is served depends on no other service. */}}
{{- define "caisson.probes" -}}
startupProbe:
  httpGet: {path: /health/liveness, port: metrics}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /health/liveness, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{- define "caisson.tlsEnvironment" -}}
- name: CAISSON_GATEWAY_ACCESS_FILE
  value: /etc/caisson/access/access.yaml
- name: CAISSON_GATEWAY_TLS_ADDRESS
  value: "0.0.0.0:{{ .port }}"
- name: CAISSON_GATEWAY_TLS_CERTIFICATE
  value: /etc/caisson/tls/tls.crt
- name: CAISSON_GATEWAY_TLS_KEY
  value: /etc/caisson/tls/tls.key
- name: CAISSON_GATEWAY_TLS_AUTHORITIES
  value: /etc/caisson/tls/ca.crt
- name: CAISSON_GATEWAY_TLS_CALLERS
  value: {{ .callers }}
{{- end -}}

{{- define "caisson.auditorThere" -}}
{{- if include "caisson.kafka" . }}yes{{ end -}}
{{- end -}}

{{/* What cannot work is refused here, and not by a pod that does not start. */}}
{{- define "caisson.check" -}}
{{- if and .Values.gateway.tls.secret (not .Values.gateway.access) -}}
{{- fail "gateway.access must say who may do what where gateway.tls.secret is given: docs/access.md" -}}
{{- end -}}
{{- if and .Values.auditor.tls.secret (not .Values.auditor.access) -}}
{{- fail "auditor.access must say who may read where auditor.tls.secret is given: docs/access.md" -}}
{{- end -}}
{{- if and (include "caisson.auditorThere" .) (not .Values.postgresql.url) (not .Values.trial.enabled) -}}
{{- fail "postgresql.url must say where the trail is kept; trial.enabled brings one to try" -}}
{{- end -}}
{{- if and (include "caisson.auditorThere" .) (not .Values.postgresql.passwordSecret) -}}
{{- fail "postgresql.passwordSecret must name the Secret with the password of postgresql.user: kubectl create secret generic caisson-trail --from-literal=password=\"$(openssl rand -hex 24)\"" -}}
{{- end -}}
{{- if .Values.networkPolicy.enabled -}}
{{- $policy := .Values.networkPolicy -}}
{{- range splitList "," .Values.kafka.bootstrapServers -}}
{{- if and . (ne (last (splitList ":" (trim .))) (toString (int $policy.kafkaPort))) -}}
{{- fail (printf "networkPolicy.kafkaPort must be the port of kafka.bootstrapServers, and is %d: nothing else is let out to %s" (int $policy.kafkaPort) .) -}}
{{- end -}}
{{- end -}}
{{- with regexFind "//[^/?]+" .Values.postgresql.url -}}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" | default "5432" -}}
{{- if ne $port (toString (int $policy.postgresqlPort)) -}}
{{- fail (printf "networkPolicy.postgresqlPort must be the port of postgresql.url, and is %d: nothing else is let out to %s" (int $policy.postgresqlPort) .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor (not $policy.metrics) -}}
{{- fail "networkPolicy.metrics must say from where metrics are read (a namespaceSelector of your Prometheus) where monitoring.serviceMonitor is on: they tell of all tenants" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.auditor.nodeKeys.configMap .Values.auditor.nodeKeys.secret -}}
{{- fail "auditor.nodeKeys must be a ConfigMap or a Secret, not both" -}}
{{- end -}}
{{- end -}}

{{- define "caisson.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .Values.trial.storageClass }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources: {requests: {storage: {{ .Values.trial.storage }}}}
{{- end -}}

{{/* Peers of a rule: those that are given, or everybody. */}}
{{- define "caisson.peers" -}}
{{- with .peers }}
{{ $.key }}: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Names are looked up. */}}
{{- define "caisson.names" -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end -}}
