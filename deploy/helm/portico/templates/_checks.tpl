{{- /* What cannot be installed in a way that would do what the values say. */ -}}
{{- define "portico.checkValues" -}}
{{- $c := .Values.controller -}}
{{- if $c.customTemplate.configMapName -}}
{{- fail "controller.customTemplate: there is no nginx behind Portico that could read a template. Remove it, and see docs/migrate-from-ingress-nginx.md for what takes the place of custom directives." -}}
{{- end -}}
{{- range $c.extraModules -}}
{{- if ne (printf "%v" .name) "opentelemetry" -}}
{{- fail "controller.extraModules: there is no nginx behind Portico that could load a module. Remove it, and see docs/migrate-from-ingress-nginx.md. Only the module opentelemetry may stay: Portico traces without it." -}}
{{- end -}}
{{- end -}}
{{- if and $c.autoscaling.enabled $c.keda.enabled -}}
{{- fail "controller.autoscaling and controller.keda cannot both be enabled." -}}
{{- end -}}
{{- if and $c.scope.enabled $c.scope.namespaceSelector -}}
{{- fail "controller.scope: either enabled (one namespace) or namespaceSelector, not both." -}}
{{- end -}}
{{- if and .Values.rbac.scope (not $c.scope.enabled) -}}
{{- fail "rbac.scope needs controller.scope.enabled: without a ClusterRole only one namespace can be served." -}}
{{- end -}}
{{- if and $c.hostNetwork $c.sysctls -}}
{{- fail "controller.sysctls cannot be set together with controller.hostNetwork: they would be those of the node." -}}
{{- end -}}
{{- end -}}
