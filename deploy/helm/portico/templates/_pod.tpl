{{- /* The pod of the Deployment and of the DaemonSet. Argument: root and kind. */ -}}
{{- define "portico.podTemplate" -}}
{{- $root := .root -}}
{{- $c := .root.Values.controller -}}
metadata:
  labels:
    {{- include "portico.labels" $root | nindent 4 }}
    app.kubernetes.io/component: controller
    {{- with $c.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $c.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "portico.serviceAccountName" $root }}
  automountServiceAccountToken: {{ $root.Values.serviceAccount.automountServiceAccountToken }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or $c.podSecurityContext $c.sysctls }}
  securityContext:
    {{- with $c.podSecurityContext }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with $c.sysctls }}
    sysctls:
      {{- range $name, $value := . }}
      - name: {{ $name | quote }}
        value: {{ printf "%v" $value | quote }}
      {{- end }}
    {{- end }}
  {{- end }}
  dnsPolicy: {{ $c.dnsPolicy }}
  {{- with $c.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $c.hostname }}
  hostname: {{ printf "%v" $c.hostname | quote }}
  {{- end }}
  {{- if $c.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- if $c.shareProcessNamespace }}
  shareProcessNamespace: true
  {{- end }}
  {{- with $c.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $c.runtimeClassName }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  terminationGracePeriodSeconds: {{ $c.terminationGracePeriodSeconds }}
  {{- with $c.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $c.containerName }}
      image: {{ include "portico.image" $root | quote }}
      imagePullPolicy: {{ $c.image.pullPolicy }}
      {{- if and $c.lifecycle (not (contains "/wait-shutdown" (toYaml $c.lifecycle))) }}
      lifecycle:
        {{- toYaml $c.lifecycle | nindent 8 }}
      {{- end }}
      args:
        {{- include "portico.args" $root | nindent 8 }}
      securityContext:
        {{- include "portico.controller.securityContext" $root | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        {{- with $c.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $c.startupProbe }}
      startupProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $c.livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $c.readinessProbe }}
      readinessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ $c.containerPort.http }}
          protocol: TCP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $c.hostPort.ports.http }}
          {{- end }}
        - name: https
          containerPort: {{ $c.containerPort.https }}
          protocol: TCP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $c.hostPort.ports.https }}
          {{- end }}
        {{- if $c.metrics.enabled }}
        - name: {{ $c.metrics.portName }}
          containerPort: {{ $c.metrics.port }}
          protocol: TCP
        {{- end }}
        {{- if $c.admissionWebhooks.enabled }}
        - name: webhook
          containerPort: {{ $c.admissionWebhooks.port }}
          protocol: TCP
        {{- end }}
        {{- range $port, $target := $root.Values.tcp }}
        - name: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "tcp") }}
          containerPort: {{ $port }}
          protocol: TCP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $port }}
          {{- end }}
        {{- end }}
        {{- range $port, $target := $root.Values.udp }}
        - name: {{ include "portico.streamPortName" (dict "root" $root "port" $port "protocol" "udp") }}
          containerPort: {{ $port }}
          protocol: UDP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $port }}
          {{- end }}
        {{- end }}
      {{- with $c.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        # Request bodies that do not fit into memory, and compiled code for the next start of the container.
        - name: tmp
          mountPath: /tmp
        {{- if $c.admissionWebhooks.enabled }}
        - name: webhook-cert
          mountPath: /usr/local/certificates/
          readOnly: true
        {{- end }}
        {{- with $c.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $c.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      {{- if $c.tmpSizeLimit }}
      emptyDir:
        sizeLimit: {{ $c.tmpSizeLimit }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- if $c.admissionWebhooks.enabled }}
    - name: webhook-cert
      secret:
        secretName: {{ include "portico.admission.fullname" $root }}
        {{- if $c.admissionWebhooks.certManager.enabled }}
        items:
          - key: tls.crt
            path: cert
          - key: tls.key
            path: key
        {{- end }}
    {{- end }}
    {{- with $c.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $c.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $c.affinity }}
  affinity:
    {{- tpl (toYaml $c.affinity) $root | nindent 4 }}
  {{- end }}
  {{- if $c.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- tpl (toYaml $c.topologySpreadConstraints) $root | nindent 4 }}
  {{- else if and (eq .kind "Deployment") (not $c.affinity) }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "portico.controller.selectorLabels" $root | nindent 10 }}
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "portico.controller.selectorLabels" $root | nindent 10 }}
  {{- end }}
{{- end -}}

{{- define "portico.streamPortName" -}}
{{- if .root.Values.portNamePrefix -}}
{{ printf "%s-%v-%s" .root.Values.portNamePrefix .port .protocol }}
{{- else -}}
{{ printf "%v-%s" .port .protocol }}
{{- end -}}
{{- end -}}
