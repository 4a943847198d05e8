{{- /* Names and labels. */ -}}
{{- define "portico.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "portico.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (default .Chart.Name .Values.nameOverride) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* For templates in values that were written for the ingress-nginx chart. */ -}}
{{- define "ingress-nginx.name" -}}{{ include "portico.name" . }}{{- end -}}
{{- define "ingress-nginx.fullname" -}}{{ include "portico.fullname" . }}{{- end -}}

{{- define "portico.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "portico.controller.fullname" -}}
{{- printf "%s-%s" (include "portico.fullname" .) .Values.controller.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "portico.admission.fullname" -}}
{{- printf "%s-%s" (include "portico.fullname" .) .Values.controller.admissionWebhooks.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "portico.defaultBackend.fullname" -}}
{{- printf "%s-%s" (include "portico.fullname" .) .Values.defaultBackend.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "portico.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "portico.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "portico.admission.serviceAccountName" -}}
{{- if .Values.controller.admissionWebhooks.patch.serviceAccount.create -}}
{{- default (include "portico.admission.fullname" .) .Values.controller.admissionWebhooks.patch.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.controller.admissionWebhooks.patch.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "portico.defaultBackend.serviceAccountName" -}}
{{- if .Values.defaultBackend.serviceAccount.create -}}
{{- default (printf "%s-backend" (include "portico.fullname" .)) .Values.defaultBackend.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.defaultBackend.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "portico.electionID" -}}
{{- default (printf "%s-leader" (include "portico.fullname" .)) .Values.controller.electionID -}}
{{- end -}}

{{- /* The namespace that is served with controller.scope. */ -}}
{{- define "portico.scopeNamespace" -}}
{{- default (include "portico.namespace" .) .Values.controller.scope.namespace -}}
{{- end -}}

{{- define "portico.selectorLabels" -}}
app.kubernetes.io/name: {{ include "portico.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "portico.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "portico.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "portico.name" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "portico.controller.selectorLabels" -}}
{{ include "portico.selectorLabels" . }}
app.kubernetes.io/component: controller
{{- end -}}

{{- define "portico.controller.labels" -}}
{{ include "portico.labels" . }}
app.kubernetes.io/component: controller
{{- with .Values.controller.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "portico.admission.labels" -}}
{{ include "portico.labels" . }}
app.kubernetes.io/component: admission-webhook
{{- with .Values.controller.admissionWebhooks.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "portico.admission.jobLabels" -}}
{{ include "portico.labels" . }}
app.kubernetes.io/component: admission-webhook
{{- with .Values.controller.admissionWebhooks.patch.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "portico.defaultBackend.selectorLabels" -}}
{{ include "portico.selectorLabels" . }}
app.kubernetes.io/component: default-backend
{{- end -}}

{{- define "portico.defaultBackend.labels" -}}
{{ include "portico.labels" . }}
app.kubernetes.io/component: default-backend
{{- with .Values.defaultBackend.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
