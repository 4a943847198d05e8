// The names of the values of the ingress-nginx chart: those of version 4.12, those that its templates read without a default, and a few of
// older versions that are still found in values files. By section; the empty one is the top.
const sections: Readonly<Record<string, string>> = {
  '': 'commonLabels dhParam fullnameOverride imagePullSecrets nameOverride namespaceOverride portNamePrefix revisionHistoryLimit tcp udp',
  controller: `
    addHeaders affinity allowSnippetAnnotations annotations autoscalingTemplate config configAnnotations configMapNamespace
    containerName containerSecurityContext disableLeaderElection dnsConfig dnsPolicy electionID electionTTL
    enableAnnotationValidations enableMimalloc enableTopologyAwareRouting existingPsp extraArgs extraContainers extraEnvs
    extraInitContainers extraModules extraVolumeMounts extraVolumes healthCheckHost healthCheckPath hostAliases hostNetwork hostname
    ingressClass ingressClassByName kind labels lifecycle livenessProbe maxUnavailable maxmindLicenseKey minAvailable
    minReadySeconds name nodeSelector podAnnotations podLabels podSecurityContext priorityClassName progressDeadlineSeconds
    proxySetHeaders readinessProbe replicaCount reportNodeInternalIp resources runtimeClassName shareProcessNamespace startupProbe
    sysctls terminationGracePeriodSeconds tolerations topologySpreadConstraints unhealthyPodEvictionPolicy updateStrategy
    watchIngressWithoutClass
  `,
  'controller.admissionWebhooks': `
    annotations certificate enabled extraEnvs failurePolicy key labels name namespaceSelector objectSelector port timeoutSeconds
  `,
  'controller.admissionWebhooks.certManager.admissionCert': 'duration revisionHistoryLimit',
  'controller.admissionWebhooks.certManager': 'enabled issuerRef',
  'controller.admissionWebhooks.certManager.rootCert': 'duration revisionHistoryLimit',
  'controller.admissionWebhooks.createSecretJob': 'name resources securityContext',
  'controller.admissionWebhooks.patch': 'enabled labels nodeSelector podAnnotations priorityClassName securityContext tolerations',
  'controller.admissionWebhooks.patch.image': 'digest image pullPolicy registry tag',
  'controller.admissionWebhooks.patch.networkPolicy': 'enabled',
  'controller.admissionWebhooks.patch.rbac': 'create',
  'controller.admissionWebhooks.patch.serviceAccount': 'automountServiceAccountToken create name',
  'controller.admissionWebhooks.patchWebhookJob': 'name resources securityContext',
  'controller.admissionWebhooks.service': 'annotations clusterIP externalIPs loadBalancerIP loadBalancerSourceRanges servicePort type',
  'controller.autoscaling': `
    annotations behavior enabled maxReplicas minReplicas targetCPUUtilizationPercentage targetMemoryUtilizationPercentage
  `,
  'controller.containerPort': 'http https',
  'controller.customTemplate': 'configMapKey configMapName',
  'controller.hostPort': 'enabled',
  'controller.hostPort.ports': 'http https',
  'controller.image': `
    allowPrivilegeEscalation chroot digest digestChroot image pullPolicy readOnlyRootFilesystem registry repository runAsGroup
    runAsNonRoot runAsUser seccompProfile tag
  `,
  'controller.ingressClassResource': 'aliases annotations controllerValue default enabled name parameters',
  'controller.keda': `
    apiVersion behavior cooldownPeriod enabled fallback maxReplicas minReplicas pollingInterval restoreToOriginalReplicaCount
    triggers
  `,
  'controller.keda.scaledObject': 'annotations',
  'controller.metrics': 'enabled port portName',
  'controller.metrics.prometheusRule': 'additionalLabels annotations enabled namespace rules',
  'controller.metrics.service': `
    annotations clusterIP enabled externalIPs externalTrafficPolicy labels loadBalancerIP loadBalancerSourceRanges nodePort
    servicePort type
  `,
  'controller.metrics.serviceMonitor': `
    additionalLabels annotations enabled honorLabels jobLabel labelLimit labelNameLengthLimit labelValueLengthLimit
    metricRelabelings namespace namespaceSelector relabelings sampleLimit scrapeInterval scrapeTimeout targetLabels targetLimit
  `,
  'controller.networkPolicy': 'enabled',
  'controller.opentelemetry': 'enabled',
  'controller.publishService': 'enabled pathOverride',
  'controller.scope': 'enabled namespace namespaceSelector',
  'controller.service': `
    allocateLoadBalancerNodePorts annotations appProtocol clusterIP clusterIPs enableHttp enableHttps enabled externalIPs
    externalTrafficPolicy healthCheckNodePort ipFamilies ipFamilyPolicy labels loadBalancerClass loadBalancerIP
    loadBalancerSourceRanges sessionAffinity trafficDistribution type
  `,
  'controller.service.external': 'enabled labels',
  'controller.service.internal': `
    allocateLoadBalancerNodePorts annotations appProtocol clusterIP clusterIPs enabled externalIPs externalTrafficPolicy
    healthCheckNodePort ipFamilies ipFamilyPolicy labels loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports
    sessionAffinity targetPorts trafficDistribution type
  `,
  'controller.service.internal.nodePorts': 'http https tcp udp',
  'controller.service.nodePorts': 'http https tcp udp',
  'controller.service.ports': 'http https',
  'controller.service.targetPorts': 'http https',
  'controller.tcp': 'annotations configMapNamespace',
  'controller.udp': 'annotations configMapNamespace',
  defaultBackend: `
    affinity containerSecurityContext enabled extraArgs extraConfigMaps extraEnvs extraVolumeMounts extraVolumes labels
    livenessProbe maxUnavailable minAvailable minReadySeconds name nodeSelector podAnnotations podLabels podSecurityContext port
    priorityClassName readinessProbe replicaCount resources tolerations topologySpreadConstraints unhealthyPodEvictionPolicy
    updateStrategy
  `,
  'defaultBackend.autoscaling': `
    annotations enabled maxReplicas minReplicas targetCPUUtilizationPercentage targetMemoryUtilizationPercentage
  `,
  'defaultBackend.image': `
    allowPrivilegeEscalation digest image pullPolicy readOnlyRootFilesystem registry repository runAsGroup runAsNonRoot runAsUser
    seccompProfile tag
  `,
  'defaultBackend.networkPolicy': 'enabled',
  'defaultBackend.service': 'annotations clusterIP clusterIPs externalIPs loadBalancerIP loadBalancerSourceRanges servicePort type',
  'defaultBackend.serviceAccount': 'automountServiceAccountToken create name',
  'global.image': 'registry',
  podSecurityPolicy: 'enabled',
  rbac: 'create scope',
  serviceAccount: 'annotations automountServiceAccountToken create name',
};

/** `controller.image.tag`. */
export const ingressNginxValues: readonly string[] = Object.entries(sections).flatMap(([section, names]) =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => (section === '' ? name : `${section}.${name}`)),
);
