// One request and its response: which route takes it, what its policies say, which upstream answers it, and what happens when something
// fails. There is one exchange per client connection (later: per stream), used again for each request. The phases of a request, in
// order: match, declared body size, early policies, redirects, late policies, upstream, response; docs/architecture.md has the picture.
import type { ErrorCode } from '../../model/error-codes.ts';
import { errorCodes } from '../../model/error-codes.ts';
import type { UpstreamAttempt } from '../../observe/exchange-record.ts';
import type { PathVerdict } from '../../routing/compiled-host.ts';
import { BODY_LENGTH, BODY_NONE } from '../http1/field-block.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { passableTrailers } from '../http1/trailer-section.ts';
import type { FailurePhase } from '../http1/upstream-connection.ts';
import { type CompiledHooks, NO_HOOKS } from '../policies/compile-hooks.ts';
import type { PolicyAnswer, PolicyVerdict } from '../policies/policy.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { Downstream } from './downstream.ts';
import { ErrorBackendCall, type ReplacedError } from './error-backend-call.ts';
import { errorPage } from './error-page.ts';
import { ExchangeEntry } from './exchange-entry.ts';
import { ForwardedCache } from './forwarded-cache.ts';
import { type PolicyOwner, PolicyRun } from './policy-run.ts';
import { RequestFlow } from './request-flow.ts';
import { normaliseTarget, readPath } from './request-line.ts';
import { withoutFields } from './response-edit.ts';
import { CHUNKED_BODY, framingFor, NO_BODY } from './response-framing.ts';
import { joinEdits, ResponseBody } from './response-body.ts';
import { redirectAnswer, redirectToSlash, redirectToTls } from './redirects.ts';
import { type CallOwner, UpstreamCall } from './upstream-call.ts';
import { type MatchedRequest, UpstreamRequestHead } from './upstream-request-head.ts';

const MAX_SEARCHES = 10;

type Refusal = Extract<PolicyVerdict, { kind: 'refuse' }>;

export class Exchange implements CallOwner, PolicyOwner {
  readonly entry = new ExchangeEntry();
  readonly #context: WorkerContext;
  readonly #client: Downstream;
  readonly #forwarded: ForwardedCache;
  readonly #requestHeads: UpstreamRequestHead;
  readonly #call: UpstreamCall;
  readonly #request: RequestFlow;
  readonly #response: ResponseBody;
  readonly #errorBackend: ErrorBackendCall;
  #isActive = false;
  #route: ProxyRoute | undefined;
  /** Of routes with policies only. */
  #policies: PolicyRun | undefined;
  #receivedAtMs = 0;
  #bodyBytes = 0;
  #bodyLimit = 0;
  #isHeadMethod = false;
  #isHeadSent = false;
  #isTunnel = false;
  #isWebSocket = false;
  #acceptsTrailers = false;
  #expectsContinue = false;

  constructor(context: WorkerContext, client: Downstream) {
    this.#context = context;
    this.#client = client;
    this.#forwarded = new ForwardedCache(context, client.origin);
    this.#requestHeads = new UpstreamRequestHead(context, this.#forwarded, this.entry);
    this.#call = new UpstreamCall(context, this);
    this.#request = new RequestFlow(context, client, this.#call, () => this.fail('PRT-INT-1'));
    this.#errorBackend = new ErrorBackendCall({
      context,
      entry: this.entry,
      requestHeads: this.#requestHeads,
      call: this.#call,
      request: this.#request,
    });
    this.#response = new ResponseBody(context, client, {
      onReady: () => this.#call.resumeResponse(),
      onEnd: (trailers) => {
        this.#client.sendEnd(trailers);
        this.#finish();
      },
      onFailure: () => this.fail('PRT-INT-1'),
    });
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** True while bytes of the request wait for the upstream to take them. */
  get isUpstreamPending(): boolean {
    return this.#call.isWriterPending;
  }

  get isReaderPending(): boolean {
    return this.#client.pendingBytes > 0;
  }

  /** Starts with a request head, which is only good during the call. `headBytes`: its size as received. */
  begin(head: MessageHead, headBytes: number, receivedAtMs: number): void {
    this.#reset(head, headBytes, receivedAtMs);
    const { entry } = this;
    const known = this.#context.hosts.of(head);
    const { name: hostName, text: hostText } = known;
    entry.host = hostName;
    entry.isHostDefined = known.isDefined;
    let path = readPath(head, entry.target);
    let target = head.targetForm === 'absolute' ? path + head.buffer.latin1Slice(head.pathEnd, head.targetEnd) : undefined;
    if (head.isPathSpecial && head.targetForm !== 'asterisk') {
      const normal = normaliseTarget(head, path, this.#context.settings.pathForwarding);
      if (normal === undefined) return this.fail('PRT-REQ-5');
      target = normal.target ?? target;
      path = normal.path;
    }
    entry.path = path;
    const verdict = known.only ?? known.compiled.matchPath(path);
    if (verdict === undefined) return this.fail('PRT-ROUTE-1');
    const forwarded = this.#forwarded.requestFor(head, hostText);
    entry.clientAddress = forwarded.clientAddress;
    this.#enter(head, { route: verdict.target, hostText, hostName, path, forwarded, target }, verdict);
  }

  /** `verdict`: what takes the path, which may have been rewritten on another route before. */
  #enter(head: MessageHead, request: MatchedRequest, verdict: PathVerdict<ProxyRoute>): void {
    const { route, hostName, forwarded } = request;
    const before = this.#policies?.request;
    this.#takeRoute(route);
    this.#errorBackend.takeRoute(request);
    if (this.#context.compression !== undefined || route.shapesResponses || before !== undefined) this.#response.begin(head, route);
    this.#policies = route.hooks === undefined ? undefined : this.#createPolicies(route.hooks, head, request);
    if (route.hostSteps !== undefined && before === undefined && this.#policies !== undefined) {
      return this.onPolicyAnswer(route.hostSteps.run(this.#policies.request), request);
    }
    if (this.#bodyLimit > 0 && head.body === BODY_LENGTH && head.contentLength > this.#bodyLimit) return this.fail('PRT-REQ-14');
    if (verdict.kind === 'slash-redirect') {
      const target = request.target ?? this.entry.target;
      return this.#redirect(301, redirectToSlash(verdict.location, target, { route, hostName, forwarded, origin: this.#client.origin }));
    }
    if (route.refusal !== undefined) return this.fail(route.refusal);
    if (route.isHealthCheck) return this.#respond(200, '', '');
    if (this.#policies !== undefined) this.#policies.run();
    else if (!this.#redirectToTls(request)) this.forwardRequest(head, request);
  }

  /** Answers a request whose head could not be understood: nothing of it is used but its method and target, as far as they were read. */
  refuse(code: ErrorCode, headBytes: number): void {
    const head = this.#context.requestHead;
    head.forgetFields();
    this.#reset(head, headBytes, this.#context.nowMs);
    this.fail(code);
  }

  /** A piece of the request body; the bytes are only good during the call unless `isStable`. */
  onRequestBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    if (!this.#isActive) return;
    this.#bodyBytes += end - start;
    this.entry.requestBytes += end - start;
    if (this.#bodyLimit > 0 && this.#bodyBytes > this.#bodyLimit) return this.fail('PRT-REQ-14');
    this.#request.write(buffer, start, end, isStable);
  }

  /** The request is complete. */
  onRequestEnd(trailers: Buffer | undefined): void {
    if (this.#isActive) this.#request.end(this.#passableTrailers(trailers, this.#policies?.request.droppedRequestFields));
    else this.#request.isComplete = true;
  }

  /** All input that has arrived was handed over: what is held goes out. */
  flushRequest(): void {
    this.#request.flush();
  }

  /** The client is gone: nobody waits for the answer any more. */
  onClientGone(): void {
    if (!this.#isActive) return;
    this.#policies?.cancel();
    this.#call.abort();
    this.#response.reset();
    if (!this.#isTunnel) {
      this.entry.errorCode = 'PRT-REQ-18';
      if (!this.#isHeadSent) this.entry.status = 499;
      this.#context.counters.reject('PRT-REQ-18');
    }
    this.#finish();
  }

  /** What was sent to the client has left for the kernel. */
  onClientFlushed(): void {
    this.#response.onClientFlushed();
  }

  onClientTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.entry.requestBytes += end - start;
    this.#call.writeTunnel(buffer, start, end, isStable);
  }

  onClientTunnelEnd(): void {
    this.#call.endTunnel();
  }

  /** Ends the exchange with an error of Portico's own, or cuts the response if it has begun. */
  fail(code: ErrorCode, answer: Omit<Refusal, 'kind' | 'code'> = {}): void {
    const { status = errorCodes[code].status, lines = '', detail } = answer;
    this.entry.errorCode = code;
    this.#context.counters.reject(code);
    this.#policies?.cancel();
    if (this.#isHeadSent && !this.#client.takeBack()) {
      this.#call.abort();
      this.#client.cut();
      return this.#finish();
    }
    const errorLine = this.#context.settings.errorHeader ? `X-Portico-Error: ${code}\r\n` : '';
    // Where the end of the request is not known, nothing of it is sent anywhere.
    const mayAskOther = !errorCodes[code].closes || code === 'PRT-REQ-14';
    if (mayAskOther && this.#isReplaced({ status, lines: errorLine + lines, keepsBody: code !== 'PRT-REQ-14' })) return;
    this.#call.abort();
    this.#respond(status, `Content-Type: text/html\r\n${errorLine}${lines}`, errorPage(status, detail), errorCodes[code].closes);
  }

  // What the call to the upstream tells.

  onAttemptEnd(attempt: UpstreamAttempt): void {
    this.entry.addAttempt(attempt);
  }

  onInterimResponse(head: MessageHead): void {
    if (head.status === 103 && this.#client.protocol !== 'HTTP/1.0') this.#client.sendInterim(head);
  }

  onSwitchingProtocols(head: MessageHead): boolean {
    if (!this.#isWebSocket) return false;
    if (this.#context.accessLog.isEnabled) this.entry.responseHead.keep(head);
    this.entry.status = 101;
    this.#isHeadSent = true;
    this.#isTunnel = true;
    const edit = joinEdits(
      { lines: 'Upgrade: websocket\r\nConnection: upgrade\r\n', dropped: undefined },
      this.#policies?.editResponse(101, head),
    );
    this.#client.sendForwardedHead(head, NO_BODY, edit);
    this.#client.startTunnel();
    return true;
  }

  onResponseHead(head: MessageHead, isBodyless: boolean): boolean {
    const error = this.#errorBackend.errorIn(head);
    if (error !== undefined && this.#isReplaced(error)) return false;
    if (this.#context.accessLog.isEnabled) this.entry.responseHead.keep(head);
    this.#request.onAnswered();
    this.entry.status = head.status;
    this.#isHeadSent = true;
    const plan = isBodyless ? undefined : this.#response.planFor(head);
    if (!isBodyless) this.#response.open(plan);
    const { lines: errorLines } = this.#errorBackend;
    const errorEdit = errorLines === undefined ? undefined : { lines: errorLines, dropped: undefined };
    const edit = joinEdits(joinEdits(plan, this.#policies?.editResponse(head.status, head)), errorEdit);
    this.#client.sendForwardedHead(
      head,
      plan?.open === undefined ? framingFor(head, isBodyless, this.#client.protocol) : CHUNKED_BODY,
      edit,
    );
    return true;
  }

  onResponseBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#response.write(buffer, start, end, isStable);
  }

  onResponsePause(): void {
    if (this.#isTunnel) this.#client.flush();
    else this.#response.flush();
    if (this.#response.isFull) this.#call.pauseResponse();
  }

  onResponseEnd(trailers: Buffer | undefined): void {
    this.#response.end(this.#passableTrailers(trailers));
  }

  onTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#client.sendTunnelBytes(buffer, start, end, isStable);
  }

  onTunnelEnd(): void {
    this.#client.endTunnel();
  }

  onCallFailure(code: ErrorCode, _phase: FailurePhase): void {
    if (!this.#isTunnel) return this.fail(code);
    this.#client.cut();
    this.#finish();
  }

  pauseRequestBody(): void {
    this.#request.pause();
  }

  resumeRequestBody(): void {
    this.#request.resume();
  }

  // What the policies tell.

  onPolicyWait(): void {
    // A client that is not read from is not seen to go.
    if (!this.#request.isComplete) this.#client.pauseBody();
  }

  onPolicyContinue(): void {
    this.#client.resumeBody();
  }

  onEarlyPoliciesDone(matched: MatchedRequest): boolean {
    return this.#redirectToTls(matched) || (!matched.route.answersAlone && this.#findGroup(matched.route) === undefined);
  }

  onPolicyAnswer(verdict: PolicyAnswer, matched: MatchedRequest): void {
    switch (verdict.kind) {
      case 'refuse':
        return this.fail(verdict.code, verdict);
      case 'respond':
        return this.#respond(verdict.status, verdict.lines, verdict.body);
      case 'search':
        return this.#searchAgain(matched);
      case 'close':
        this.entry.status = 444;
        this.#client.cut();
        return this.#finish();
    }
  }

  /** `target`: what policies made of the request's. */
  forwardRequest(head: MessageHead, request: MatchedRequest, target = request.target): void {
    const { route } = request;
    const own = this.#findGroup(route);
    if (own === undefined) return;
    const policies = this.#policies;
    const group = policies?.selectGroup() ?? own;
    this.entry.upstreamName = own.name;
    if (group !== own) this.entry.alternativeUpstreamName = group.name;
    const isFallback = own === route.fallback;
    // A default backend is asked for the path that was requested.
    const sent = isFallback || target === request.target ? request : { ...request, target };
    this.#requestHeads.append(this.#call.out, head, sent, { policies, isFallback });
    const pick = this.#startPicking(group, head, request);
    const buffer = this.#isWebSocket ? null : route.proxy.requestBuffer;
    const options = { group, proxy: route.proxy, retry: route.retry, method: this.entry.method, pick };
    const isUnderWay = this.#request.forward(options, policies?.request.copy, buffer);
    if (this.#expectsContinue && isUnderWay) this.#client.sendContinue();
  }

  #reset(head: MessageHead, headBytes: number, receivedAtMs: number): void {
    const { entry } = this;
    entry.begin(head, this.#client);
    entry.requestBytes = headBytes;
    entry.startedAtMs = performance.timeOrigin + receivedAtMs;
    if (this.#context.accessLog.isEnabled) {
      entry.requestHead.keep(head);
      entry.connection = this.#client.facts();
    }
    this.#receivedAtMs = receivedAtMs;
    this.#call.reset();
    this.#isActive = true;
    this.#route = undefined;
    this.#policies = undefined;
    this.#bodyBytes = 0;
    this.#bodyLimit = 0;
    this.#isHeadMethod = entry.method === 'HEAD';
    this.#request.begin(head);
    this.#isHeadSent = false;
    this.#isTunnel = false;
    this.#errorBackend.reset();
    this.#isWebSocket = head.isWebSocket;
    this.#acceptsTrailers = head.acceptsTrailers;
    this.#expectsContinue = head.expectsContinue && head.body !== BODY_NONE;
  }

  #takeRoute(route: ProxyRoute): void {
    this.#route = route;
    this.#bodyLimit = route.proxy.bodySizeBytes;
    this.entry.takeRoute(route);
  }

  #createPolicies(hooks: CompiledHooks, head: MessageHead, matched: MatchedRequest): PolicyRun {
    const rewritten = this.#policies?.request;
    return new PolicyRun(hooks, this, { context: this.#context, head, matched, entry: this.entry, client: this.#client, rewritten });
  }

  /** A snippet has rewritten the path: as in nginx, ten times at most, not counting that of the host. */
  #searchAgain(matched: MatchedRequest): void {
    const policies = this.#policies;
    if (policies === undefined) return;
    const { head, path, target, searches } = policies.request;
    if (searches >= MAX_SEARCHES + (matched.route.hostSteps === undefined ? 0 : 1)) return this.fail('PRT-SNIPPET-2');
    policies.leave();
    const verdict = this.#context.table.findHost(matched.hostName).matchPath(path);
    if (verdict === undefined) this.fail('PRT-ROUTE-1');
    else this.#enter(head, { ...matched, route: verdict.target, path, target }, verdict);
  }

  /** True: the request was answered with a redirect to the same URL over TLS. */
  #redirectToTls({ route, forwarded }: MatchedRequest): boolean {
    if (route.tlsRedirect === undefined || forwarded.scheme !== 'http') return false;
    this.#redirect(route.tlsRedirect.statusCode, redirectToTls(route.tlsRedirect, this.entry.target, forwarded.host));
    return true;
  }

  /** The group that has endpoints: the route's own, else its fallback. Undefined: the request was answered with an error. */
  #findGroup(route: ProxyRoute): UpstreamGroup | undefined {
    const upstream = route.secureUpstream !== undefined && this.#client.origin.isTls ? route.secureUpstream : route.upstream;
    if (upstream !== undefined && upstream.endpoints.length > 0) return upstream;
    if (route.fallback !== undefined && route.fallback.endpoints.length > 0) return route.fallback;
    this.fail(route.answersAlone ? 'PRT-ROUTE-1' : 'PRT-ROUTE-2');
    return undefined;
  }

  /** Undefined: round robin. */
  #startPicking(group: UpstreamGroup, head: MessageHead, request: MatchedRequest): EndpointPicker | undefined {
    if (group.asksRequest) this.#policies ??= this.#createPolicies(NO_HOOKS, head, request);
    return this.#policies === undefined ? group.pickAlone : this.#policies.startPicking(group);
  }

  /** True: the route's error backend answers instead, or nobody can. */
  #isReplaced(error: ReplacedError): boolean {
    // What is left of a body that is too large is read and forgotten.
    if (!error.keepsBody) this.#bodyLimit = 0;
    const outcome = this.#errorBackend.ask(error, this.#policies);
    if (outcome === 'without-endpoints') this.#respond(404, `Content-Type: text/html\r\n${error.lines}`, errorPage(404));
    if (outcome === 'asked-with-body' && this.#expectsContinue) this.#client.sendContinue();
    return outcome !== 'not-meant';
  }

  #passableTrailers(trailers: Buffer | undefined, dropped?: ReadonlySet<string>): string {
    return trailers === undefined || !this.#acceptsTrailers ? '' : passableTrailers(trailers, this.#context.trailerHead, dropped);
  }

  #redirect(status: number, location: string): void {
    const { lines, body } = redirectAnswer(status, location);
    this.#respond(status, lines, body);
  }

  /** Answers with a response of Portico's own. */
  #respond(status: number, lines: string, body: string, closes = false): void {
    this.entry.status = status;
    this.#isHeadSent = true;
    const edit = this.#policies?.editResponse(status, undefined);
    const own = edit?.dropped === undefined ? lines : withoutFields(lines, edit.dropped);
    this.#client.sendLocal({ status, lines: own, body: this.#isHeadMethod ? '' : body, edit, closes });
    this.#finish();
  }

  #finish(): void {
    const { entry } = this;
    this.#isActive = false;
    entry.durationSeconds = (this.#context.nowMs - this.#receivedAtMs) / 1000;
    entry.sentBytes = this.#client.sentBytes;
    entry.sentBodyBytes = this.#client.sentBodyBytes;
    if (this.#policies !== undefined) entry.path = this.#policies.request.path;
    this.#policies?.end();
    this.#request.reset();
    this.#response.reset();
    this.#call.release();
    this.#route?.series?.observe(entry);
    this.#context.accessLog.observe(entry);
    this.#client.onExchangeEnd();
  }
}
