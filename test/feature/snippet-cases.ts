// Snippets that nginx runs and Portico interprets, with requests whose answers must be the same. Those written by hand cover each directive;
// those put together at random cover how directives work together.

export interface SnippetCase {
  readonly name: string;
  readonly server?: string;
  readonly location?: string;
  /** Paths of rules beside `/`, of type Prefix. */
  readonly paths?: readonly string[];
  /** Paths of rules of another Ingress, which has no snippet of its own. */
  readonly plainPaths?: readonly string[];
  readonly requests: readonly SnippetRequest[];
}

export interface SnippetRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** For all cases: what stands around all hosts. */
export const HTTP_SNIPPET = `
  map $http_x_flag $kind { default other; "" none; Special special-value; ~^b(.) "b-$1"; ~*^C(?<rest>.*)$ c; \\~x tilde; }
  map "$kind/$request_method" $both { default "$kind"; special-value/get exact; ~^none mapped; }
  more_set_headers "X-Http: $kind"; add_header X-Around http;`;

function get(...paths: readonly string[]): readonly SnippetRequest[] {
  return paths.map((path) => ({ path }));
}

const flag = (value: string): Readonly<Record<string, string>> => ({ 'X-Flag': value });

export const snippetCases: readonly SnippetCase[] = [
  {
    name: 'add_header',
    location:
      'add_header X-A one; add_header X-B "$host $request_method" always; add_header X-Empty "$http_x_none"; add_header Last-Modified now;',
    requests: get('/', '/status/404', '/status/301', '/status/206'),
  },
  {
    name: 'add_header of a level hides those of the level above',
    server: 'add_header X-Server s always;',
    location: 'if ($http_x_flag = a) { add_header X-If i; } if ($http_x_flag) { set $x 1; } if ($http_x_flag = b) { add_header X-B b; }',
    requests: [...get('/'), ...['a', 'b', 'c'].map((value) => ({ path: '/', headers: flag(value) }))],
  },
  {
    name: 'more_set_headers adds up over levels',
    server: 'more_set_headers "X-Server: s" "X-Both: server";',
    location: `more_set_headers "X-Both: location" "X-Upstream: replaced"; more_clear_headers X-Gone "X-Many-*";
      if ($http_x_flag) { more_set_headers "X-If: $http_x_flag"; }`,
    requests: [...get('/', '/status/500'), { path: '/', headers: flag('7') }],
  },
  {
    name: 'more_set_headers by status and type',
    location: `more_set_headers -s 404 -s '500 503' "X-Error: $status"; more_set_headers -t 'application/json text/plain' "X-Json: yes";
      more_clear_headers -s 404 X-Upstream; more_set_headers -t text/html "X-Html: yes";`,
    requests: get('/', '/status/404', '/status/500', '/status/418'),
  },
  {
    name: 'more_set_headers and add_header together',
    location:
      'add_header X-C add; more_set_headers "X-C: more"; more_set_headers "X-D: more"; more_clear_headers X-D; add_header X-Upstream second;',
    requests: get('/'),
  },
  {
    name: 'headers of answers of its own',
    location: 'more_set_headers "Content-Type: text/plain" "X-More: m"; add_header X-Add a; return 200 "hello $arg_name";',
    requests: get('/?name=x', '/a.json', '/'),
  },
  {
    name: 'media types of texts',
    location: 'default_type text/x-own; return 200 "text";',
    requests: get('/', '/a.txt', '/robots.txt', '/a.json', '/a.XML', '/a.unknown', '/dir.txt/x', '/style.css'),
  },
  ...[200, 201, 204, 400, 401, 403, 404, 410, 418, 429, 500, 503].map((status): SnippetCase => ({
    name: `return ${status}`,
    location: `return ${status};`,
    requests: get('/', '/a.json'),
  })),
  ...[
    'return 403 "no: $uri";',
    'return 404 "";',
    'return 301 https://other.example$request_uri;',
    'return 302 /moved?from=$uri;',
    'return 307 $scheme://$host/x;',
    'return 308 /a;',
    'return https://only.example/;',
    'return 200 $1;',
  ].map((location): SnippetCase => ({ name: location, location, requests: get('/', '/a%20b/c?d=e', '/x.txt') })),
  {
    name: 'return in if',
    location: `if ($http_x_flag = "1") { return 403; } if ($request_uri ~* "^/OLD/(.*)") { return 301 /new/$1; }
      if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; } if ($http_cookie ~ "id=([^;]+)") { return 200 "cookie $1"; }
      if ($arg_debug) { return 200 debug; } if ($host != $http_x_host) { add_header X-Other yes; }`,
    requests: [
      ...get('/', '/old/a?b=c', '/?debug=0', '/?debug=1', '/?debug=', '/?debug'),
      { path: '/', headers: flag('1') },
      { path: '/', method: 'DELETE' },
      { path: '/', headers: { Cookie: 'a=b; id=42; c=d' } },
    ],
  },
  {
    name: 'comparison is exact, patterns by case',
    location: `if ($http_x_flag = Yes) { add_header X-R equal; } if ($http_x_flag ~ yes) { add_header X-R case; }
      if ($http_x_flag ~* ^yes$) { more_set_headers "X-M: nocase"; } if ($http_x_flag !~* no) { more_set_headers "X-N: not"; }
      if ($http_x_flag != "") { more_set_headers "X-S: set"; }`,
    requests: ['Yes', 'yes', 'YES', 'no', 'oyesno'].map((value) => ({ path: '/', headers: flag(value) })),
  },
  {
    name: 'captures last until the next pattern',
    location: `set $a "-"; if ($uri ~ "^/c/(\\w+)/(\\w+)") { set $a $1; set $b $2; }
      if ($http_x_flag ~ "(z+)") { set $a "$a+$1"; } proxy_set_header X-Result "$a|$b|$1|$2";`,
    requests: [
      ...get('/c/one/two', '/c/one', '/'),
      { path: '/c/one/two', headers: flag('azz') },
      { path: '/c/one/two', headers: flag('a') },
    ],
  },
  {
    name: 'captures of encoded paths',
    location: `if ($uri ~ "^/e/(.*)$") { set $a $1; } if ($a = $1) { add_header X-Equal yes; } add_header X-Capture "$1";
      proxy_set_header X-Result "$a|$1"; if ($arg_r) { return 200 "$a|$1"; }`,
    requests: get('/e/a%20b', '/e/a+b%26', '/e/%C3%A4?r=1', '/e/x'),
  },
  {
    name: 'set runs in order',
    location: `set $x 1; set $y "$x-2"; set $x 3; if ($x = 3) { set $x "$x$y"; } if ($x = 1) { set $x wrong; } proxy_set_header X-Result "$x $y \${x}z";`,
    requests: get('/'),
  },
  {
    name: 'variables of the host reach the location',
    server: 'set $zone none; if ($http_x_flag ~ "^(.)") { set $zone $1; }',
    location: 'proxy_set_header X-Zone $zone;',
    requests: [...get('/'), { path: '/', headers: flag('qrs') }],
  },
  {
    name: 'set $args',
    location: 'if ($arg_a) { set $args "$args&more=1"; } if ($arg_z) { set $args ""; } proxy_set_header X-Result "$args $is_args $uri";',
    requests: get('/', '/?a=1', '/?z=1', '/p%20q?a=b%20c'),
  },
  ...['last', 'break', '', 'redirect', 'permanent'].flatMap((word): SnippetCase[] => [
    {
      name: `rewrite ${word}`,
      location: `rewrite ^/old/(.*)$ /new/$1 ${word}; rewrite ^/new/x$ /newer ${word}; proxy_set_header X-Result $uri;`,
      requests: get(
        '/old/a',
        '/old/x',
        '/old/a?b=c',
        '/old/a%20b?c=%20',
        '/old/%C3%A4',
        '/old/a%3Fb',
        '/old/a%25b',
        '/old/a+b',
        '/other',
        '/old/%26%3D',
      ),
    },
    {
      name: `rewrite ${word} with a query`,
      location: `rewrite ^/q/(.*)$ /to?x=$1&y=1 ${word};`,
      requests: get('/q/a', '/q/a?b=c', '/q/a%20b', '/q/a%26b?d=e', '/q/a+b', '/q/%C3%A4'),
    },
    { name: `rewrite ${word} without the query`, location: `rewrite ^/q/(.*)$ /to/$1? ${word};`, requests: get('/q/a?b=c', '/q/a') },
    { name: `rewrite ${word} with another query only`, location: `rewrite ^/q/(.*)$ /to?z=1? ${word};`, requests: get('/q/a?b=c', '/q/a') },
    {
      name: `rewrite ${word} to a URL`,
      location: `rewrite ^/u/(.*)$ https://other.example/$1 ${word};`,
      requests: get('/u/a', '/u/a?b=c', '/u/a%20b', '/u/a%2Fb%3Fc'),
    },
  ]),
  {
    name: 'look-aheads',
    location: `rewrite ^/(?!api/|static)(.*)$ /app/$1 break; if ($http_x_flag ~* "^(?=.*b)A(.)") { add_header X-Ahead $1; }
      if ($request_uri !~ "^/(?!open)") { add_header X-Closed no; } proxy_set_header X-Result "$1";`,
    requests: [
      ...get('/', '/x/y', '/api/x', '/apix', '/static/a', '/open', '/opened?x'),
      ...['acb', 'aca', 'xab'].map((value) => ({ path: '/api/', headers: flag(value) })),
    ],
  },
  {
    name: 'rewrite to the request URI',
    location: 'rewrite ^/r https://other.example$request_uri permanent; rewrite ^/s(/.*)$ $1 break;',
    requests: get('/r/a%2Fb?c=d', '/r/x', '/s/a/b?c'),
  },
  {
    name: 'rewrite changes variables',
    location: `rewrite ^/v/(.*)$ /w/$1?n=1 break; proxy_set_header X-Never no;`,
    requests: get('/v/a?m=2'),
  },
  {
    name: 'break ends the steps',
    location: `set $r 1; if ($http_x_flag = 1) { set $r 2; break; } set $r "$r-3"; rewrite ^/b/ /after break; set $r 4; proxy_set_header X-Result $r;`,
    requests: [...get('/', '/b/x'), { path: '/b/x', headers: flag('1') }],
  },
  { name: 'rewrite in circles', location: 'rewrite ^(.*)$ $1x last;', requests: get('/a') },
  {
    name: 'rewrite ten times',
    location: 'rewrite "^/n(x{0,8})$" /n$1y last; rewrite ^/(.*)y$ /$1x last;',
    requests: get('/n', '/nx', '/nxxxx', '/nxxxxx', '/nxxxxxxxx'),
  },
  {
    name: 'rewrite ten times behind steps of the host',
    server: 'set $z 1; rewrite ^/m(.*)$ /n$1 last;',
    location: 'rewrite "^/n(x{0,8})$" /n$1y last; rewrite ^/(.*)y$ /$1x last;',
    requests: get('/n', '/m', '/nxxxx', '/mxxxx', '/nxxx', '/mxxx'),
  },
  {
    name: 'rewrite of the host decides the location',
    server: 'rewrite ^/in/(.*)$ /api/$1 last; rewrite ^/gone$ /missing permanent; if ($http_x_flag) { return 418; }',
    paths: ['/api'],
    location: 'add_header X-Path $uri;',
    requests: [...get('/in/a?b=c', '/api/x', '/in/', '/gone', '/'), { path: '/', headers: flag('1') }],
  },
  {
    name: 'break and several rewrites of the host',
    server: 'rewrite ^/one$ /two; rewrite ^/two$ /three; if ($arg_stop) { break; } rewrite ^/three$ /four;',
    requests: get('/one', '/one?stop=1', '/two', '/three'),
  },
  {
    name: 'proxy_set_header and more_set_input_headers',
    location: `proxy_set_header X-Set "$host"; proxy_set_header X-Client ""; more_set_input_headers "X-In: in" "X-Client: changed";
      more_set_input_headers -r "X-Only: if-there"; more_clear_input_headers X-Drop "X-Pre-*";
      if ($http_x_flag) { more_set_input_headers "X-Flag: seen $http_x_flag"; }`,
    requests: [
      ...get('/'),
      { path: '/', headers: { 'X-Client': 'a', 'X-Only': 'b', 'X-Drop': 'c', 'X-Pre-One': 'd', 'X-Pre-Two': 'e', 'X-Keep': 'f' } },
      { path: '/', headers: flag('1') },
    ],
  },
  {
    name: 'more_set_input_headers by type',
    location: `more_set_input_headers -t 'text/plain' "X-Plain: yes"; more_clear_input_headers -t 'application/json' X-Drop;`,
    requests: [
      { path: '/', headers: { 'Content-Type': 'text/plain', 'X-Drop': '1' } },
      { path: '/', headers: { 'Content-Type': 'application/json', 'X-Drop': '1' } },
    ],
  },
  {
    name: 'proxy_hide_header',
    server: 'proxy_hide_header X-Upstream;',
    location: 'proxy_hide_header X-Gone; add_header X-Gone own;',
    requests: get('/'),
  },
  { name: 'proxy_hide_header of the host', server: 'proxy_hide_header X-Upstream;', requests: get('/') },
  ...[
    'expires epoch;',
    'expires max;',
    'expires off;',
    'expires 1h;',
    'expires -1;',
    'expires 0;',
    'expires +2d;',
    'expires modified +1h;',
    'expires modified -1d;',
  ].map((location): SnippetCase => ({ name: location, location, requests: get('/', '/status/404', '/status/301') })),
  {
    name: 'expires in if',
    server: 'expires 10m;',
    location: 'if ($uri ~ "\\.css$") { expires max; } if ($uri ~ "\\.js$") { expires epoch; }',
    requests: get('/', '/a.css', '/a.js'),
  },
  { name: 'deny all', location: 'deny all;', requests: get('/') },
  { name: 'allow before deny', location: 'allow 127.0.0.0/8; deny all;', requests: get('/') },
  { name: 'deny before allow', location: 'deny 127.0.0.1; allow all;', requests: get('/') },
  { name: 'no rule for the address', location: 'deny 10.0.0.0/8;', requests: get('/') },
  { name: 'deny of the host', server: 'deny all;', requests: get('/') },
  { name: 'a location with addresses has none of the host', server: 'deny all;', location: 'allow all;', requests: get('/') },
  {
    name: 'return goes before deny',
    location: 'deny all; if ($http_x_flag) { return 204; }',
    requests: [...get('/'), { path: '/', headers: flag('1') }],
  },
  {
    name: 'location blocks',
    server: `location = /exact { return 200 "exact"; } location ~ ^/re/(\\d+)$ { return 200 "re $1"; } location ~* \\.PHP$ { return 403; }
      location /pre { return 200 "pre"; } location ^~ /final { return 200 "final"; } location /closed { deny all; }
      location /half { allow 127.0.0.1; deny all; } location /go { rewrite ^/go/(.*)$ /api/$1 last; } location = /empty { }
      location /head { add_header X-Head h; return 200 head; }`,
    paths: ['/api', '/pre/deeper'],
    location: 'add_header X-Location own;',
    requests: get(
      '/',
      '/exact',
      '/exact/',
      '/re/12',
      '/re/x',
      '/a.php',
      '/api/a.PHP',
      '/api',
      '/api/x',
      '/pre',
      '/prefix',
      '/pre/deeper/x',
      '/pre/deeper',
      '/final/a.php',
      '/closed/x',
      '/half/x',
      '/go/a?b=c',
      '/empty',
      '/head',
    ),
  },
  {
    name: 'steps of the host come before location blocks',
    server: 'set $w world; rewrite ^/hi$ /hello; add_header X-Srv s; location = /hello { return 200 "hello $w"; }',
    requests: get('/hi', '/hello'),
  },
  {
    name: 'map',
    location: 'proxy_set_header X-Result "$kind|$both|$1"; if ($kind = b-z) { return 200 "$both"; } add_header X-Kind $kind;',
    requests: [
      ...get('/'),
      ...['special', 'SPECIAL', 'by', 'bz', 'cD', '~x', 'x'].map((value) => ({ path: '/', headers: flag(value) })),
      { path: '/', method: 'POST', headers: flag('special') },
    ],
  },
  {
    name: 'quotation marks, comments, braces',
    location: `# a comment { ; }
      add_header X-Q "a \\"quoted\\" 'text'; {}"; add_header X-R 'it''s'; # more
      if ($uri ~ "^/a{2,3}/") { add_header X-S "\${uri}x"; }`.replace("'it''s'", "'it\\'s'"),
    requests: get('/', '/aa/', '/aaaa/'),
  },
];

/** Numbers from a seed, always the same (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

const CONDITIONS = [
  '$http_x_flag',
  '$http_x_flag = a',
  '$http_x_flag != a',
  '$uri ~ ^/(a|b)/(.*)$',
  '$uri !~ ^/a/',
  '$request_uri ~* "/B/"',
  '$v = 1',
  '$v ~ (\\d)',
  '$arg_q ~ ^(x)?(.*)$',
];
const STEPS = [
  'set $v 1;',
  'set $v "$v$1";',
  'set $w $uri;',
  'set $args "s=$v";',
  'rewrite ^/a/(.*)$ /b/$1;',
  'rewrite ^/b/(.*)$ /c/$1 break;',
  'rewrite ^/c(.*)$ /d$1 last;',
  'rewrite ^/b/(.)(.*)$ /e/$2?r=$1;',
  'rewrite ^/e/x$ /moved redirect;',
  'break;',
];
const BLOCKS = [
  'location = /c/x { add_header X-A exact; return 200 "$v"; }',
  'location ~ ^/(a|e)/x$ { set $v "$v$1"; return 201 "$1 $v"; }',
  'location ~* ^/B/ { rewrite ^/b/(.*)$ /c/$1?from=$1 last; }',
  'location /b { allow 127.0.0.1; deny all; }',
  'location ^~ /e { more_set_headers "X-C: e"; if ($http_x_flag) { return 403; } rewrite ^/e/(.*)$ /a/$1 last; }',
  'location /a/ { deny all; if ($http_x_flag = a) { return 302 /z; } }',
];
const FINAL = ['return 403;', 'return 200 "end $v $1";', 'return 301 /z$uri;'];
const RULES = ['add_header X-A "$v";', 'add_header X-B b always;', 'more_set_headers "X-C: $v";', 'more_clear_headers X-Upstream;'];

/** Snippets of random directives. */
export function randomCases(count: number, seed: number): readonly SnippetCase[] {
  const next = numbers(seed);
  const pick = (list: readonly string[]): string => list[next(list.length)] ?? '';
  const block = (place: 'server' | 'location', depth: number): string => {
    const parts: string[] = [];
    for (let i = 1 + next(4); i > 0; i--) {
      const kind = next(10);
      if (kind < 4) parts.push(pick(STEPS));
      else if (kind < 7 && depth === 0) parts.push(`if (${pick(CONDITIONS)}) { ${block(place, 1)} }`);
      else if (kind === 7 && depth === 1) parts.push(pick(FINAL));
      else if (place === 'location' || depth === 0) parts.push(pick(RULES));
    }
    return parts.join(' ');
  };
  const requests: readonly SnippetRequest[] = [
    ...get('/', '/a/x?q=xy', '/b/y%20z', '/c/x', '/e/x', '/a/'),
    { path: '/a/x', headers: flag('a') },
    { path: '/b/1?q=', headers: flag('b') },
  ];
  return Array.from({ length: count }, (_, index): SnippetCase => {
    const locations = next(2) === 0 ? [pick(BLOCKS), pick(BLOCKS)] : [];
    const steps = next(3) === 0 ? block('server', 0) : '';
    const server = ['set $v 0;', steps, ...new Set(locations)].join(' ');
    const location = `${block('location', 0)} ${block('location', 0)} proxy_set_header X-Result "$v|$1|$uri|$args";`;
    return {
      name: `random ${index}: ${server} / ${location}`,
      server,
      location,
      paths: ['/c'],
      plainPaths: next(2) === 0 ? ['/d'] : ['/e', '/b/1'],
      requests,
    };
  });
}
