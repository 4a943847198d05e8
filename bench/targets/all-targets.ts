// All targets, in the order of the reports: the peers first.
import { caddyTarget } from './caddy.ts';
import { haproxyTarget } from './haproxy.ts';
import { nginxTarget } from './nginx.ts';
import { porticoTarget } from './portico.ts';
import type { Target } from './target.ts';

export const allTargets: readonly Target[] = [nginxTarget, haproxyTarget, porticoTarget, caddyTarget];
