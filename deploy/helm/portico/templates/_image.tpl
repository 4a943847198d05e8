{{- /* Not empty where controller.image names the controller of ingress-nginx, as a copy of its values.yaml does. */ -}}
{{- define "portico.isForeignImage" -}}
{{- if contains "ingress-nginx" (printf "%s %s" (default "" .Values.controller.image.repository) (default "" .Values.controller.image.image)) -}}
yes
{{- end -}}
{{- end -}}

{{- /* The image of the controller and of the Jobs. Of an image of ingress-nginx, registry, tag and digest are not used either. */ -}}
{{- define "portico.image" -}}
{{- $image := .Values.controller.image -}}
{{- if include "portico.isForeignImage" . -}}
{{- $repository := default "" $image.repository -}}
{{- if or (not $repository) (contains "ingress-nginx" $repository) -}}
portico:{{ .Chart.AppVersion }}
{{- else -}}
{{ $repository }}:{{ .Chart.AppVersion }}
{{- end -}}
{{- else -}}
{{- $registry := default (default "" .Values.global.image.registry) $image.registry -}}
{{- if $image.repository -}}
{{ $image.repository }}
{{- else if and $registry (ne $registry "registry.k8s.io") -}}
{{ $registry }}/{{ $image.image }}
{{- else -}}
{{ $image.image }}
{{- end -}}
:{{ default .Chart.AppVersion $image.tag }}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "portico.defaultBackend.image" -}}
{{- $image := .Values.defaultBackend.image -}}
{{- if $image.repository -}}
{{ $image.repository }}
{{- else -}}
{{- $registry := default (default "" .Values.global.image.registry) $image.registry -}}
{{- if $registry -}}
{{ $registry }}/
{{- end -}}
{{ $image.image }}
{{- end -}}
:{{ $image.tag }}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- end -}}
{{- end -}}

{{- /* Argument: an image section. NET_BIND_SERVICE is the one capability that is used: to listen on ports below 1024. */ -}}
{{- define "portico.imageSecurityContext" -}}
runAsNonRoot: {{ .runAsNonRoot }}
runAsUser: {{ .runAsUser }}
{{- if .runAsGroup }}
runAsGroup: {{ .runAsGroup }}
{{- end }}
allowPrivilegeEscalation: {{ .allowPrivilegeEscalation }}
{{- with .seccompProfile }}
seccompProfile:
  {{- toYaml . | nindent 2 }}
{{- end }}
readOnlyRootFilesystem: {{ .readOnlyRootFilesystem }}
{{- end -}}

{{- define "portico.controller.securityContext" -}}
{{- if .Values.controller.containerSecurityContext -}}
{{ toYaml .Values.controller.containerSecurityContext }}
{{- else -}}
{{ include "portico.imageSecurityContext" .Values.controller.image }}
capabilities:
  drop:
    - ALL
  add:
    - NET_BIND_SERVICE
{{- end -}}
{{- end -}}

{{- /* Of the Jobs. The program file has the capability NET_BIND_SERVICE, and the kernel starts no program that it may not give its own. */ -}}
{{- define "portico.job.securityContext" -}}
{{- if .own -}}
{{ toYaml (omit .own "capabilities") }}
{{- else -}}
{{ include "portico.imageSecurityContext" (merge (dict "readOnlyRootFilesystem" true) .image) }}
{{- end }}
capabilities:
  drop:
    - ALL
  add:
    - NET_BIND_SERVICE
{{- end -}}
