{{- /* A Service of the controller. Argument: root, name, annotations, and `own`, the section of values. */ -}}
{{- define "portico.controller.service" -}}
{{- $root := .root -}}
{{- $all := .root.Values.controller.service -}}
{{- $own := .own -}}
{{- $type := default $all.type $own.type -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ include "portico.namespace" $root }}
  labels:
    {{- include "portico.controller.labels" $root | nindent 4 }}
    {{- with $all.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $own.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $type }}
  {{- with $own.clusterIP }}
  clusterIP: {{ . }}
  {{- end }}
  {{- with $own.clusterIPs }}
  clusterIPs:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.externalIPs }}
  externalIPs:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.loadBalancerIP }}
  loadBalancerIP: {{ . }}
  {{- end }}
  {{- with $own.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- with $own.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if hasKey $own "allocateLoadBalancerNodePorts" }}
  allocateLoadBalancerNodePorts: {{ $own.allocateLoadBalancerNodePorts }}
  {{- end }}
  {{- with $own.externalTrafficPolicy }}
  externalTrafficPolicy: {{ . }}
  {{- end }}
  {{- with $own.trafficDistribution }}
  trafficDistribution: {{ . }}
  {{- end }}
  {{- with $own.sessionAffinity }}
  sessionAffinity: {{ . }}
  {{- end }}
  {{- with $own.healthCheckNodePort }}
  healthCheckNodePort: {{ . }}
  {{- end }}
  {{- with $own.ipFamilyPolicy }}
  ipFamilyPolicy: {{ . }}
  {{- end }}
  {{- with $own.ipFamilies }}
  ipFamilies:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    {{- if $all.enableHttp }}
    - name: http
      port: {{ default $all.ports.http $own.ports.http }}
      protocol: TCP
      targetPort: {{ default $all.targetPorts.http $own.targetPorts.http }}
      {{- if $own.appProtocol }}
      appProtocol: http
      {{- end }}
      {{- include "portico.nodePort" (dict "type" $type "port" $own.nodePorts.http) | nindent 6 }}
    {{- end }}
    {{- if $all.enableHttps }}
    - name: https
      port: {{ default $all.ports.https $own.ports.https }}
      protocol: TCP
      targetPort: {{ default $all.targetPorts.https $own.targetPorts.https }}
      {{- if $own.appProtocol }}
      appProtocol: https
      {{- end }}
      {{- include "portico.nodePort" (dict "type" $type "port" $own.nodePorts.https) | nindent 6 }}
    {{- end }}
    {{- range $port, $target := $root.Values.tcp }}
    - name: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "tcp") }}
      port: {{ $port }}
      protocol: TCP
      targetPort: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "tcp") }}
      {{- include "portico.nodePortOf" (dict "type" $type "ports" $own.nodePorts.tcp "port" $port) | nindent 6 }}
    {{- end }}
    {{- range $port, $target := $root.Values.udp }}
    - name: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "udp") }}
      port: {{ $port }}
      protocol: UDP
      targetPort: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "udp") }}
      {{- include "portico.nodePortOf" (dict "type" $type "ports" $own.nodePorts.udp "port" $port) | nindent 6 }}
    {{- end }}
  selector:
    {{- include "portico.controller.selectorLabels" $root | nindent 4 }}
{{- end -}}

{{- define "portico.nodePort" -}}
{{- if and .port (or (eq .type "NodePort") (eq .type "LoadBalancer")) -}}
nodePort: {{ .port }}
{{- end -}}
{{- end -}}

{{- define "portico.nodePortOf" -}}
{{- range $port, $nodePort := .ports -}}
{{- if eq (printf "%v" $port) (printf "%v" $.port) -}}
{{- include "portico.nodePort" (dict "type" $.type "port" $nodePort) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The fields of a small Service: admission, metrics, default backend. Argument: the section of values. */ -}}
{{- define "portico.serviceFields" -}}
type: {{ .type }}
{{- with .clusterIP }}
clusterIP: {{ . }}
{{- end }}
{{- with .clusterIPs }}
clusterIPs:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .externalIPs }}
externalIPs:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .loadBalancerIP }}
loadBalancerIP: {{ . }}
{{- end }}
{{- with .loadBalancerSourceRanges }}
loadBalancerSourceRanges:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .externalTrafficPolicy }}
externalTrafficPolicy: {{ . }}
{{- end }}
{{- end -}}
