{{- define "lianxiao.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: lianxiao
{{- end }}

{{- define "lianxiao.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "lianxiao.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "lianxiao.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Where each service answers: lead=lead-server:7001,... */}}
{{- define "lianxiao.addresses" -}}
{{- $list := list -}}
{{- range $name, $_ := .Values.services -}}
{{- $list = append $list (printf "%s=%s-%s-server:7001" $name $.Release.Name $name) -}}
{{- end -}}
{{ join "," $list }}
{{- end }}

{{/* Environment and files of one service; call with root, name, service, role (app or owner). */}}
{{- define "lianxiao.environment" -}}
- {name: LIANXIAO_GRPC_ADDRESSES, value: {{ include "lianxiao.addresses" .root | quote }}}
- {name: LIANXIAO_METRICS_PORT, value: "9401"}
- {name: LIANXIAO_KEK_FILE, value: /secrets/keys/kek}
- {name: LIANXIAO_KEY_STORE_DIR, value: /key-store}
- {name: LIANXIAO_JWT_PUBLIC_KEYS_DIR, value: /secrets/public}
- name: LIANXIAO_{{ upper .name }}_{{ upper .role }}_URL
  valueFrom: {secretKeyRef: {name: {{ .root.Values.secrets.database }}, key: {{ .name }}_{{ .role }}}}
- name: LIANXIAO_AMQP_URL
  valueFrom: {secretKeyRef: {name: {{ .root.Values.secrets.broker }}, key: url}}
{{- if .service.signs }}
- {name: LIANXIAO_JWT_PRIVATE_KEY_FILE, value: /secrets/signing/jwt.pem}
{{- end }}
{{- range $key, $value := merge (dict) (.service.environment | default dict) .root.Values.defaults.environment }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "lianxiao.mounts" -}}
- {name: keys, mountPath: /secrets/keys, readOnly: true}
- {name: key-store, mountPath: /key-store}
- {name: public, mountPath: /secrets/public, readOnly: true}
{{- if .service.signs }}
- {name: signing, mountPath: /secrets/signing, readOnly: true}
{{- end }}
{{- end }}

{{- define "lianxiao.volumes" -}}
- {name: keys, secret: {secretName: {{ .root.Values.secrets.keys }}, defaultMode: 0400}}
- {name: key-store, persistentVolumeClaim: {claimName: {{ .root.Values.keyStore.claim }}}}
- {name: public, secret: {secretName: {{ .root.Values.secrets.publicKeys }}}}
{{- if .service.signs }}
- {name: signing, secret: {secretName: {{ .root.Values.secrets.signing }}, defaultMode: 0400}}
{{- end }}
{{- end }}
