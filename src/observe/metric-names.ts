// The registry of metrics: every name that /metrics can show, with type, labels and help. docs/reference/metrics.md is generated from it.
// Names, labels and meanings under `nginx_ingress_controller_` are those of ingress-nginx, so that its dashboards and alert rules keep
// working; what only Portico has stands under `portico_`.

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  /** Without `le`, and without the constant labels. */
  readonly labels: readonly string[];
  /** True: `controller_namespace`, `controller_class` and `controller_pod` come first. */
  readonly hasControllerLabels: boolean;
  readonly help: string;
}

export const NGINX_PREFIX = 'nginx_ingress_controller_';

/** `host` is left out with --metrics-per-host=false. */
export const requestLabelNames = ['host', 'namespace', 'ingress', 'service', 'path', 'canary', 'method', 'status'] as const;

const rows = {
  requests: request('requests', 'counter', 'Requests of clients.'),
  requestDuration: request(
    'request_duration_seconds',
    'histogram',
    'Time from the first byte of the request to the last byte of the response.',
  ),
  responseDuration: request(
    'response_duration_seconds',
    'histogram',
    'Time from the attempt until the last byte of the response came from the backend.',
  ),
  connectDuration: request(
    'connect_duration_seconds',
    'histogram',
    'Time spent on establishing the connection with the backend; 0 on a reused one.',
  ),
  headerDuration: request('header_duration_seconds', 'histogram', 'Time from the attempt until the response head came from the backend.'),
  requestSize: request('request_size', 'histogram', 'Bytes of requests: request line, header and body.'),
  responseSize: request('response_size', 'histogram', 'Bytes of responses as sent: status line, header and body.'),
  bytesSent: request('bytes_sent', 'histogram', 'Bytes of responses as sent, in wider buckets. Deprecated: use response_size.'),

  connections: nginx('nginx_process_connections', 'gauge', ['state'], 'Client connections by state: active, reading, writing, waiting.'),
  connectionsTotal: nginx('nginx_process_connections_total', 'counter', ['state'], 'Client connections by state: accepted, handled.'),
  requestsTotal: nginx('nginx_process_requests_total', 'counter', [], 'Requests of clients, whatever their host.'),
  nginxProcs: nginx('nginx_process_num_procs', 'gauge', [], 'Number of processes.'),
  nginxResidentMemory: nginx('nginx_process_resident_memory_bytes', 'gauge', [], 'Bytes of resident memory in use.'),
  nginxVirtualMemory: nginx('nginx_process_virtual_memory_bytes', 'gauge', [], 'Bytes of virtual memory in use.'),
  nginxStartTime: nginx('nginx_process_oldest_start_time_seconds', 'gauge', [], 'Start time in seconds since 1970.'),
  nginxCpu: nginx('nginx_process_cpu_seconds_total', 'counter', [], 'Processor time in seconds.'),
  nginxReadBytes: nginx('nginx_process_read_bytes_total', 'counter', [], 'Bytes read from storage.'),
  nginxWriteBytes: nginx('nginx_process_write_bytes_total', 'counter', [], 'Bytes written to storage.'),

  buildInfo: nginx('build_info', 'gauge', ['release', 'build', 'repository'], 'Always 1, with labels that tell the release.'),
  configHash: nginx('config_hash', 'gauge', [], 'Hash of the model that is served.'),
  configSuccessful: nginx('config_last_reload_successful', 'gauge', [], '1 where the last change was applied by every worker, else 0.'),
  configSuccessfulTime: nginx(
    'config_last_reload_successful_timestamp_seconds',
    'gauge',
    [],
    'Time of the last change that was applied by every worker.',
  ),
  success: nginx('success', 'counter', [], 'Changes applied by every worker.'),
  errors: nginx('errors', 'counter', [], 'Changes that could not be applied.'),
  certificateExpiry: certificate('ssl_expire_time_seconds', [], 'End of validity of the certificate of a host, in seconds since 1970.'),
  certificateInfo: certificate(
    'ssl_certificate_info',
    ['issuer_organization', 'issuer_common_name', 'serial_number', 'public_key_algorithm'],
    'Always 1, with labels that tell about the certificate of a host.',
  ),
  leader: nginx('leader_election_status', 'gauge', ['name'], '1 where this replica is the leader, else 0.'),
  orphanIngress: nginx(
    'orphan_ingress',
    'gauge',
    ['namespace', 'ingress', 'type'],
    '1 for an Ingress with a backend without Service (no-service) or without endpoints (no-endpoint).',
  ),
  checkSuccess: nginx(
    'check_success',
    'counter',
    ['namespace', 'ingress'],
    'Checks of an Ingress by the admission webhook that let it pass.',
  ),
  checkErrors: nginx('check_errors', 'counter', ['namespace', 'ingress'], 'Checks of an Ingress by the admission webhook that refused it.'),
  admissionTested: nginx('admission_tested_ingresses', 'gauge', [], 'Ingresses that the last check of the admission webhook looked at.'),
  admissionTestedTime: nginx('admission_tested_duration', 'gauge', [], 'Seconds that the last check of the admission webhook took.'),
  admissionRendered: nginx('admission_render_ingresses', 'gauge', [], 'Always 0: nothing is rendered for a check.'),
  admissionRenderedTime: nginx('admission_render_duration', 'gauge', [], 'Always 0: nothing is rendered for a check.'),
  admissionRoundtrip: nginx(
    'admission_roundtrip_duration',
    'gauge',
    [],
    'Seconds from the body of the last review to its answer, reading and writing included.',
  ),
  admissionConfigSize: nginx('admission_config_size', 'gauge', [], 'Always 0: no configuration is made for a check.'),

  propagation: portico(
    'propagation_seconds',
    'histogram',
    [],
    'Time from the notice of a change, by an event of the file system or the API server, until every worker serves it.',
  ),
  apiServerConnected: portico('api_server_connected', 'gauge', [], '1 while the API server answers, else 0: the last state keeps serving.'),
  apiServerFailures: portico('api_server_failures_total', 'counter', [], 'Lists, watches and reads of the API server that failed.'),
  foreignIngresses: portico(
    'foreign_ingresses',
    'gauge',
    [],
    'Ingresses of another class, of none, or of a namespace that is not watched. They are ignored, and only their version is kept.',
  ),
  statusWrites: portico('status_writes_total', 'counter', ['result'], 'Writes of the status of an Ingress, by result: written, failed.'),
  events: portico(
    'events_total',
    'counter',
    ['result'],
    'Events about objects, by result: written, failed, dropped (by the limit on their rate or number).',
  ),
  tableVersion: portico(
    'table_version',
    'gauge',
    ['thread'],
    'Version of the table: newest made by the controller, and applied by each worker.',
  ),
  openConnections: portico('open_connections', 'gauge', [], 'Client connections over all workers, as counted against the limit.'),
  rejected: portico(
    'rejected_requests_total',
    'counter',
    ['code', 'slug'],
    'Requests that Portico answered itself with an error, by code; see the table of error codes.',
  ),
  diagnostics: portico(
    'diagnostics',
    'gauge',
    ['severity', 'code'],
    'Diagnostics that stand against the objects served now; see the table of diagnostics.',
  ),
  upstreamConnections: portico('upstream_connections', 'gauge', ['state'], 'Connections to backends: open (in use and idle) and idle.'),
  upstreamConnects: portico('upstream_connects_total', 'counter', [], 'Attempts to connect to an endpoint.'),
  upstreamConnectFailures: portico('upstream_connect_failures_total', 'counter', [], 'Attempts to connect to an endpoint that failed.'),
  upstreamRetries: portico('upstream_retries_total', 'counter', [], 'Requests sent to another endpoint after an attempt failed.'),
  bufferedBytes: portico('buffered_bytes', 'gauge', ['place'], 'Bytes of bodies that are kept, by place: memory, file.'),
  unbufferedRequests: portico(
    'unbuffered_requests_total',
    'counter',
    ['reason'],
    'Request bodies passed on as they came although they were to be buffered, by reason: no-room (`portico-buffer-disk`), file-error.',
  ),
  servedWithoutAuth: portico(
    'served_without_auth_total',
    'counter',
    [],
    'Requests served although their authentication service gave no answer (`portico-auth-failure: serve`).',
  ),
  tlsHandshakes: portico('tls_handshakes_total', 'counter', ['result'], 'TLS handshakes with clients, by result: ok, failed.'),
  logDropped: portico(
    'access_log_dropped_lines_total',
    'counter',
    [],
    'Lines of the access log that were dropped because its reader was too slow or gone.',
  ),
  spans: portico(
    'spans_total',
    'counter',
    ['result'],
    'Spans by result: exported, failed (refused or not taken by the collector), dropped (for want of room).',
  ),
  series: portico('request_series', 'gauge', [], 'Series of request metrics held now, over all workers.'),
  seriesOverflow: portico(
    'request_series_overflow_total',
    'counter',
    [],
    'Requests not counted in request metrics because the bound on series was reached.',
  ),
  loopActive: portico('event_loop_active_seconds_total', 'counter', ['thread'], 'Time that the event loop of a thread was busy.'),
  loopIdle: portico('event_loop_idle_seconds_total', 'counter', ['thread'], 'Time that the event loop of a thread waited.'),

  processCpu: plain('process_cpu_seconds_total', 'counter', [], 'Processor time in seconds, user and system.'),
  processResidentMemory: plain('process_resident_memory_bytes', 'gauge', [], 'Bytes of resident memory in use.'),
  processVirtualMemory: plain('process_virtual_memory_bytes', 'gauge', [], 'Bytes of virtual memory in use.'),
  processStartTime: plain('process_start_time_seconds', 'gauge', [], 'Start time in seconds since 1970.'),
  processOpenFds: plain('process_open_fds', 'gauge', [], 'Open file descriptors.'),
  processMaxFds: plain('process_max_fds', 'gauge', [], 'Limit on open file descriptors.'),
  nodeVersion: plain('nodejs_version_info', 'gauge', ['version'], 'Always 1, with the version of Node as label.'),
  nodeHeapTotal: plain('nodejs_heap_size_total_bytes', 'gauge', [], 'Size of the heap of the main thread.'),
  nodeHeapUsed: plain('nodejs_heap_size_used_bytes', 'gauge', [], 'Part of the heap of the main thread that is in use.'),
  nodeExternal: plain('nodejs_external_memory_bytes', 'gauge', [], 'Memory of C++ objects bound to objects of the main thread.'),
  nodeArrayBuffers: plain('nodejs_array_buffers_bytes', 'gauge', [], 'Memory of array buffers of the main thread, shared ones included.'),
} as const satisfies Record<string, MetricRow>;

export type MetricId = keyof typeof rows;

export const metrics: Readonly<Record<MetricId, MetricRow>> = rows;

function request(name: string, type: MetricType, help: string): MetricRow {
  return nginx(name, type, requestLabelNames, help);
}

function nginx(name: string, type: MetricType, labels: readonly string[], help: string): MetricRow {
  return { name: NGINX_PREFIX + name, type, labels, hasControllerLabels: true, help };
}

function certificate(name: string, labels: readonly string[], help: string): MetricRow {
  const common = ['namespace', 'class', 'host', 'secret_name', 'identifier'];
  return { name: NGINX_PREFIX + name, type: 'gauge', labels: [...common, ...labels], hasControllerLabels: false, help };
}

function portico(name: string, type: MetricType, labels: readonly string[], help: string): MetricRow {
  return plain(`portico_${name}`, type, labels, help);
}

function plain(name: string, type: MetricType, labels: readonly string[], help: string): MetricRow {
  return { name, type, labels, hasControllerLabels: false, help };
}
