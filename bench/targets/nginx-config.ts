// Text of nginx configurations: one server block for each host, with everything that can be shared at the http level, which is kinder to
// nginx than the configuration that ingress-nginx writes.
import type { BenchCertificate } from '../certificate.ts';
import { fileDescriptorLimit } from '../machine.ts';
import { hostName, secureHost } from '../workload.ts';
import type { NginxBuffers, Setup } from './target.ts';

export interface NginxConfig {
  readonly setup: Setup;
  readonly directory: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly markerPort: number;
  readonly certificate: BenchCertificate;
  /** Answered on the path `/generation` of the default server, to tell when a reload is live. */
  readonly generation: number;
  readonly servers: readonly string[];
}

/** Workers run as `nobody` otherwise and could not use the run's private folder. */
export function nginxUserLine(): string {
  return process.getuid?.() === 0 ? 'user root;' : '';
}

/** The server block of host number `index`; `changePath` is routed to the marker backend. */
export function nginxServer(index: number, httpPort: number, changePath?: string): string {
  const change = changePath === undefined ? '' : ` location = ${changePath} { proxy_pass http://marker; }`;
  return `server { listen 127.0.0.1:${httpPort}; server_name ${hostName(index)};${change} location / { proxy_pass http://app; } }`;
}

export function nginxConfig(config: NginxConfig): string {
  const { setup, directory, httpPort, httpsPort, certificate } = config;
  const listenOptions = `backlog=4096${setup.workers > 1 ? ' reuseport' : ''}`;
  return `daemon off;
${nginxUserLine()}
worker_processes ${setup.workers};
pid ${directory}/nginx.pid;
worker_rlimit_nofile ${fileDescriptorLimit()};
events { worker_connections ${Math.min(16_384, fileDescriptorLimit() - 64)}; multi_accept on; }
http {
  ${accessLog(setup)}
  server_tokens off;
  tcp_nodelay on;
  keepalive_timeout 600s;
  keepalive_requests 100000000;
  client_body_buffer_size 64k;
  server_names_hash_max_size 262144;
  server_names_hash_bucket_size 128;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
  upstream app { server 127.0.0.1:${setup.backendPort} max_fails=0; keepalive 320; keepalive_requests 100000000; keepalive_timeout 600s; }
  upstream marker { server 127.0.0.1:${config.markerPort} max_fails=0; keepalive 320; keepalive_requests 100000000; keepalive_timeout 600s; }
  ${bufferLines[setup.nginxBuffers]}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Request-ID $req_id;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Scheme $scheme;
  proxy_set_header X-Scheme $scheme;
  server {
    listen 127.0.0.1:${httpPort} default_server ${listenOptions};
    location = /generation { return 200 "${config.generation}"; }
    location / { return 404; }
  }
  server {
    listen 127.0.0.1:${httpPort};
    listen 127.0.0.1:${httpsPort} ssl ${listenOptions};
    server_name ${secureHost};
    ssl_certificate ${certificate.certificatePath};
    ssl_certificate_key ${certificate.keyPath};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:SSL:10m;
    ssl_session_tickets off;
    location / { proxy_pass http://app; }
  }
${config.servers.join('\n')}
}
`;
}

const bufferLines: Readonly<Record<NginxBuffers, string>> = {
  usual: 'proxy_buffering on;',
  ingress: 'proxy_buffering off; proxy_buffer_size 4k; proxy_buffers 4 4k;',
  large: 'proxy_buffering on; proxy_buffer_size 16k; proxy_buffers 16 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;',
};

/** The default log format of ingress-nginx, to standard output and without a buffer, as ingress-nginx does it. */
function accessLog({ accessLog: enabled }: Setup): string {
  if (!enabled) {
    return 'access_log off;';
  }
  return `log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    '$request_length $request_time [bench-app-80] [] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id';
  access_log /dev/stdout upstreaminfo;`;
}
