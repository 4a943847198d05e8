// Client certificates of a host (`auth-tls-*`): judges what the handshake brought, tells the backend about it, and refuses requests that
// come over a handshake made for another host or under another CA (421), so that no other server name is a way in.
// Unlike ingress-nginx, `on` holds on plain HTTP too: such a request is redirected where its route says so, else refused.
import { compileExactCasePattern } from '../../kit/pattern.ts';
import { type ClientCertificatePolicy, type ClientTrust, isSameTrust } from '../../model/policies/client-certificates.ts';
import { CATCH_ALL_HOST, type VirtualHost } from '../../model/route.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { redirectAnswer } from '../exchange/redirects.ts';
import type { ClientCertificate, TlsFacts } from '../exchange/tls-facts.ts';
import { isVisibleText } from '../http1/safe-text.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict } from './policy.ts';
import { compileTemplate } from './variables.ts';

const MISDIRECTED: PolicyVerdict = { kind: 'refuse', code: 'PRT-ROUTE-5' };
const NO_CERTIFICATE: PolicyVerdict = { kind: 'refuse', code: 'PRT-CERT-1', detail: 'No required SSL certificate was sent' };
const BAD_CERTIFICATE: PolicyVerdict = { kind: 'refuse', code: 'PRT-CERT-2', detail: 'The SSL certificate error' };
const SUBJECT_REFUSED: PolicyVerdict = { kind: 'refuse', code: 'PRT-CERT-3', detail: 'client certificate unauthorized' };

/** Lines about the certificate are kept for the request to an authentication service. */
const LINES = {};

export function clientCertificateLines(request: PolicyRequest): string {
  const lines = request.noteOf(LINES);
  return typeof lines === 'string' ? lines : '';
}

export const compileClientCertificates: HookCompiler = (_route, host) => {
  const { clientCertificates: policy } = host;
  if (policy === undefined) return undefined;
  const check = compileCheck(policy, host);
  if (policy.verify !== 'on') return { request: [{ phase: 'host', onRequest: check }] };
  const refused = compileRefusal(policy);
  const plain = (request: PolicyRequest): PolicyVerdict => (request.origin.isTls ? CONTINUE : refused(request, NO_CERTIFICATE));
  return {
    request: [
      { phase: 'host', onRequest: check },
      // Behind the redirect to TLS.
      { phase: 'access', onRequest: plain },
    ],
  };
};

type Check = (request: PolicyRequest) => PolicyVerdict;

function compileCheck(policy: ClientCertificatePolicy, host: VirtualHost): Check {
  const refused = compileRefusal(policy);
  const matchesSubject = policy.subjectPattern === undefined ? undefined : compileSubject(policy.subjectPattern);
  return (request) => {
    const { tls } = request.origin;
    if (tls !== undefined) {
      if (policy.verify !== 'off' && isMisdirected(tls, host, policy.trust)) return MISDIRECTED;
      const certificate = tls.hostName === nameOfPolicy(host) && policy.verify !== 'off' ? tls.certificate : undefined;
      const problem = findProblem(certificate, policy);
      if (problem !== undefined) return refused(request, problem);
      tellUpstream(request, certificate, policy);
      if (matchesSubject?.(certificate?.subject ?? '') === false) return SUBJECT_REFUSED;
    } else if (matchesSubject !== undefined) {
      return SUBJECT_REFUSED;
    }
    return CONTINUE;
  };
}

/** Translation lets no pattern through that does not compile; nobody has the subject that it is for. */
function compileSubject(text: string): (subject: string) => boolean {
  const pattern = compileExactCasePattern(text);
  return pattern.ok ? (subject) => pattern.value.test(subject) : () => false;
}

/** Aliases of a host have its policy. */
function nameOfPolicy({ aliasOf, name }: VirtualHost): string {
  return aliasOf ?? name;
}

/** A client without server name, or with one that no host has, was asked for nothing, and so brings no certificate (nginx: 400). */
function isMisdirected(tls: TlsFacts, host: VirtualHost, trust: ClientTrust): boolean {
  if (tls.hostName !== nameOfPolicy(host)) return tls.hostName !== CATCH_ALL_HOST;
  // The policy is newer than the connection.
  return tls.trust === undefined || !isSameTrust(tls.trust, trust);
}

/** nginx: `ngx_http_process_request`; only what is wrong with the issuer is forgiven by `optional_no_ca`. */
function findProblem(certificate: ClientCertificate | undefined, { verify, depth }: ClientCertificatePolicy): PolicyVerdict | undefined {
  if (certificate === undefined) return verify === 'on' ? NO_CERTIFICATE : undefined;
  if (certificate.verify === 'SUCCESS') return certificate.intermediates > depth ? BAD_CERTIFICATE : undefined;
  return verify === 'optional_no_ca' && certificate.isOnlyUntrusted ? undefined : BAD_CERTIFICATE;
}

/** The error page instead of the error, where the host has one. */
function compileRefusal({ errorPage: url }: ClientCertificatePolicy): (request: PolicyRequest, refusal: PolicyVerdict) => PolicyVerdict {
  if (url === undefined) return (_request, refusal) => refusal;
  const expand = compileTemplate(url);
  return (request, refusal) => {
    const location = expand(request);
    return isVisibleText(location) ? redirectAnswer(302, location) : refusal;
  };
}

/** The client's own fields of these names are never passed on (src/proxy/http1/field-names.ts). */
function tellUpstream(
  request: PolicyRequest,
  certificate: ClientCertificate | undefined,
  { passesCertificate }: ClientCertificatePolicy,
): void {
  const verify = certificate?.verify ?? 'NONE';
  request.setVariable('ssl_client_verify', verify);
  let lines = `ssl-client-verify: ${verify}\r\n`;
  if (certificate !== undefined) {
    const { subject, issuer, escapedPem, serial, fingerprint } = certificate;
    if (subject !== '') lines += `ssl-client-subject-dn: ${subject}\r\n`;
    if (issuer !== '') lines += `ssl-client-issuer-dn: ${issuer}\r\n`;
    if (passesCertificate) lines += `ssl-client-cert: ${escapedPem}\r\n`;
    request.setVariable('ssl_client_s_dn', subject);
    request.setVariable('ssl_client_i_dn', issuer);
    request.setVariable('ssl_client_escaped_cert', escapedPem);
    request.setVariable('ssl_client_serial', serial);
    request.setVariable('ssl_client_fingerprint', fingerprint);
  }
  request.requestLines += lines;
  request.note(LINES, lines);
}
