// The renderer against what Go's text/template and Sprig give for the same source; the expectations were taken from there.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Evaluator } from './evaluate.ts';
import type { Value } from './functions.ts';
import { parseTemplate } from './parser.ts';

function render(source: string, root: Value = {}): string {
  const { file, body, definitions } = parseTemplate(source, 'a.yaml');
  return new Evaluator(new Map([...definitions].map(([name, nodes]) => [name, { file, body: nodes }]))).render({ file, body }, root);
}

const cases: readonly (readonly [name: string, source: string, root: Value, expected: string])[] = [
  ['text alone', 'a\n b', {}, 'a\n b'],
  ['trim markers take white space of both sides', 'a \n {{- .x -}} \n b', { x: 1 }, 'a1b'],
  ['a minus without a space is a number', '{{-3}}', {}, '-3'],
  ['comment', 'a{{/* }} */}}b{{- /* c */ -}} c', {}, 'abc'],
  ['braces in a string', '{{ "}}" }}', {}, '}}'],
  ['a missing key is nothing', '[{{ .x }}]', {}, '[]'],
  ['nested field', '{{ .a.b.c }}', { a: { b: { c: 'x' } } }, 'x'],
  ['field of a group', '{{ (dict "a" (dict "b" "x")).a.b }}', {}, 'x'],
  ['if', '{{ if .x }}a{{ else }}b{{ end }}', { x: [] }, 'b'],
  ['else if', '{{ if .x }}a{{ else if eq .y "1" }}b{{ else }}c{{ end }}', { y: '1' }, 'b'],
  [
    '0, empty text, empty map and false are not true',
    '{{ range .l }}{{ if . }}1{{ else }}0{{ end }}{{ end }}',
    { l: [0, '', {}, false, 'x'] },
    '00001',
  ],
  ['range over a list', '{{ range .l }}<{{ . }}>{{ else }}none{{ end }}', { l: ['b', 'a'] }, '<b><a>'],
  ['range over nothing', '{{ range .l }}x{{ else }}none{{ end }}', {}, 'none'],
  ['range over a map goes by key', '{{ range $k, $v := .m }}{{ $k }}={{ $v }};{{ end }}', { m: { b: 2, a: 1 } }, 'a=1;b=2;'],
  ['range with one variable', '{{ range $v := .l }}{{ $v }}{{ end }}', { l: ['x', 'y'] }, 'xy'],
  ['with changes dot, $ stays', '{{ with .a }}{{ .b }}{{ $.c }}{{ end }}', { a: { b: 1 }, c: 2 }, '12'],
  ['with of nothing', '{{ with .a }}x{{ else }}{{ .c }}{{ end }}', { c: 2 }, '2'],
  ['variables end with their block', '{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}', {}, '21'],
  ['assignment reaches the outer variable', '{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', {}, '2'],
  ['include with another dot', '{{ define "t" }}<{{ .a }}>{{ end }}{{ include "t" (dict "a" 1) | quote }}', {}, '"<1>"'],
  ['$ inside an include is its argument', '{{ define "t" }}{{ $.a }}{{ end }}{{ include "t" (dict "a" 1) }}', { a: 2 }, '1'],
  ['tpl', '{{ tpl .t . }}', { t: '{{ .a }}!', a: 1 }, '1!'],
  ['pipelines pass the last argument', '{{ .x | default "d" | quote }}', {}, '"d"'],
  ['default keeps what is true', '{{ default "d" .x }}{{ default "d" .y }}', { x: 'v', y: false }, 'vd'],
  ['and, or give values and stop early', '{{ or .x "b" }}{{ and .x .x.y }}', { x: '' }, 'b'],
  ['eq with several', '{{ eq .x "a" "b" }}', { x: 'b' }, 'true'],
  ['ne, not', '{{ ne .x "a" }}{{ not .x }}', { x: 'b' }, 'truefalse'],
  ['int, gt, lt', '{{ gt (int .x) 1 }}{{ lt (int .x) 1 }}', { x: '2' }, 'truefalse'],
  ['printf', '{{ printf "%s-%v-%q-%%" "a" 1 "b" }}', {}, 'a-1-"b"-%'],
  ['trunc, trimSuffix, replace', '{{ "abc--" | trunc 4 | trimSuffix "-" | replace "b" "_" }}', {}, 'a_c'],
  ['contains, hasPrefix', '{{ contains "b" "abc" }}{{ hasPrefix "b" "abc" }}', {}, 'truefalse'],
  ['hasKey, omit', '{{ hasKey .m "a" }}{{ hasKey (omit .m "a") "a" }}', { m: { a: null } }, 'truefalse'],
  ['toYaml sorts keys; nindent', 'a:{{ toYaml .m | nindent 2 }}', { m: { b: [1], a: 'x' } }, 'a:\n  a: x\n  b:\n  - 1'],
  ['toYaml quotes what would be something else', '{{ toYaml .m }}', { m: { a: 'true', b: '1', c: '' } }, 'a: "true"\nb: "1"\nc: ""'],
];

suite('helm-template', () => {
  for (const [name, source, root, expected] of cases) {
    test(name, () => assert.equal(render(source, root), expected));
  }

  const errors: readonly (readonly [name: string, source: string, pattern: RegExp])[] = [
    ['no end of an action', 'a\n{{ .x', /^TemplateError: a\.yaml:2: this action has no end/],
    ['no end of if', '{{ if .x }}', /a\.yaml:1: if has no end/],
    ['end without a beginning', '{{ end }}', /"end" without a beginning/],
    ['unknown function', 'a\n\n{{ env "HOME" }}', /a\.yaml:3: the function "env" is not supported/],
    ['a method of the platform is no function', '{{ constructor .x }}', /"constructor" is not supported/],
    ['a field of a scalar', '{{ "x" | quote }}{{ .a.b }}', /\.b of something that is no map/],
    ['unknown template', '{{ include "t" . }}', /there is no template "t"/],
    ['a map as text', '{{ .m }}', /toYaml is missing/],
    ['comparing text with a number', '{{ eq .n "1" }}', /cannot compare number with string/],
    ['printf with a value left over', '{{ printf "a" 1 }}', /a value is left over/],
    ['fail', '{{ fail "no" }}', /a\.yaml:1: no/],
    ['what the chart must not use', '{{ block "x" . }}{{ end }}', /"block" is not supported/],
  ];
  for (const [name, source, pattern] of errors) {
    test(`error: ${name}`, () => assert.throws(() => render(source, { a: 'x', m: { x: 1 }, n: 1 }), pattern));
  }

  test('the place of an error inside an include is that of the definition', () => {
    assert.throws(() => render('{{ define "t" }}\n{{ fail "no" }}{{ end }}\n{{ include "t" . }}'), /^TemplateError: a\.yaml:2: no/);
  });
});
