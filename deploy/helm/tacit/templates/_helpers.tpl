{{- define "tacit.name" -}}
{{- if contains "tacit" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-tacit" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tacit.selector" -}}
app.kubernetes.io/name: tacit
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tacit.labels" -}}
{{ include "tacit.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{/* The class decides what the server insists on; a class that is no TEE gets the stand-in. */}}
{{- define "tacit.tee" -}}
{{- get (dict "kata-qemu-tdx" "tdx" "kata-qemu-snp" "snp" "kata-qemu-coco-dev" "stub") .Values.runtimeClass
    | required (printf "runtimeClass %q is none that is known" .Values.runtimeClass) -}}
{{- end -}}

{{- define "tacit.image" -}}
{{- $name := required "image.repository is wanted" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
