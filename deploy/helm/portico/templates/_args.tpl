{{- /* The longest time between SIGTERM and the end of the process. */ -}}
{{- define "portico.drainSeconds" -}}
{{- $c := .Values.controller -}}
{{- $before := default $c.shutdownGracePeriodSeconds (index $c.extraArgs "shutdown-grace-period") -}}
{{- $requests := default "240s" (index $c.config "worker-shutdown-timeout") -}}
{{- $after := default "10" (index $c.extraArgs "post-shutdown-grace-period") -}}
{{- $sum := 0 -}}
{{- range list $before $requests $after -}}
{{- $sum = add $sum (int (include "portico.seconds" .)) -}}
{{- end -}}
{{ $sum }}
{{- end -}}

{{- /* Of a duration with at most one unit, 0 of others: `90`, `90s`, `4m`, `1h`. */ -}}
{{- define "portico.seconds" -}}
{{- $text := printf "%v" . -}}
{{- $number := trimSuffix "s" $text -}}
{{- $factor := 1 -}}
{{- if hasSuffix "m" $text -}}
{{- $number = trimSuffix "m" $text -}}
{{- $factor = 60 -}}
{{- else if hasSuffix "h" $text -}}
{{- $number = trimSuffix "h" $text -}}
{{- $factor = 3600 -}}
{{- end -}}
{{- mul $factor (atoi $number) -}}
{{- end -}}

{{- /* The command line of the controller. A flag in extraArgs stands last and therefore wins. */ -}}
{{- define "portico.args" -}}
{{- $c := .Values.controller -}}
{{- $name := include "portico.controller.fullname" . -}}
- serve
{{- if .Values.defaultBackend.enabled }}
- --default-backend-service=$(POD_NAMESPACE)/{{ include "portico.defaultBackend.fullname" . }}
{{- end }}
{{- if $c.publishService.enabled }}
{{- if $c.publishService.pathOverride }}
- --publish-service={{ $c.publishService.pathOverride }}
{{- else if and $c.service.enabled $c.service.external.enabled }}
- --publish-service=$(POD_NAMESPACE)/{{ $name }}
{{- else if and $c.service.enabled $c.service.internal.enabled $c.service.internal.annotations }}
- --publish-service=$(POD_NAMESPACE)/{{ $name }}-internal
{{- end }}
{{- end }}
{{- if $c.disableLeaderElection }}
- --disable-leader-election=true
{{- else }}
- --election-id={{ include "portico.electionID" . }}
{{- end }}
{{- if $c.electionTTL }}
- --election-ttl={{ $c.electionTTL }}
{{- end }}
- --controller-class={{ $c.ingressClassResource.controllerValue }}
- --ingress-class={{ $c.ingressClass }}
{{- if $c.ingressClassByName }}
- --ingress-class-by-name=true
{{- end }}
{{- if $c.watchIngressWithoutClass }}
- --watch-ingress-without-class=true
{{- end }}
- --configmap={{ default "$(POD_NAMESPACE)" $c.configMapNamespace }}/{{ $name }}
{{- if .Values.tcp }}
- --tcp-services-configmap={{ default "$(POD_NAMESPACE)" $c.tcp.configMapNamespace }}/{{ include "portico.fullname" . }}-tcp
{{- end }}
{{- if .Values.udp }}
- --udp-services-configmap={{ default "$(POD_NAMESPACE)" $c.udp.configMapNamespace }}/{{ include "portico.fullname" . }}-udp
{{- end }}
{{- if $c.scope.enabled }}
- --watch-namespace={{ default "$(POD_NAMESPACE)" $c.scope.namespace }}
{{- else if $c.scope.namespaceSelector }}
- --watch-namespace-selector={{ $c.scope.namespaceSelector }}
{{- end }}
{{- if $c.reportNodeInternalIp }}
- --report-node-internal-ip-address=true
{{- end }}
{{- if $c.enableTopologyAwareRouting }}
- --enable-topology-aware-routing=true
{{- end }}
{{- if not $c.enableAnnotationValidations }}
- --enable-annotation-validation=false
{{- end }}
{{- if $c.healthCheckHost }}
- --healthz-host={{ $c.healthCheckHost }}
{{- end }}
{{- if ne $c.healthCheckPath "/healthz" }}
- --health-check-path={{ $c.healthCheckPath }}
{{- end }}
{{- if ne (int $c.containerPort.http) 80 }}
- --http-port={{ $c.containerPort.http }}
{{- end }}
{{- if ne (int $c.containerPort.https) 443 }}
- --https-port={{ $c.containerPort.https }}
{{- end }}
- --enable-metrics={{ $c.metrics.enabled }}
{{- if $c.admissionWebhooks.enabled }}
- --validating-webhook=:{{ $c.admissionWebhooks.port }}
- --validating-webhook-certificate={{ $c.admissionWebhooks.certificate }}
- --validating-webhook-key={{ $c.admissionWebhooks.key }}
{{- end }}
{{- if $c.tmpSizeLimit }}
- --tmp-size-limit={{ $c.tmpSizeLimit }}
{{- end }}
- --shutdown-grace-period={{ $c.shutdownGracePeriodSeconds }}
{{- range $flag, $value := $c.extraArgs }}
{{- if or (eq (printf "%v" $value) "") (eq (printf "%v" $value) "<nil>") }}
- --{{ $flag }}
{{- else }}
- {{ printf "--%s=%v" $flag $value | quote }}
{{- end }}
{{- end }}
{{- end -}}
