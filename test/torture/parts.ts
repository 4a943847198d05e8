// The bytes of a vector: how its parts become bytes and pauses, and how bytes are cut into several writes. A cut never changes,
// drops or reorders a byte.
import { pickNumber, type Random } from './random.ts';

/** As a vector writes it: text, a repetition, numbered lines (`#` is the number), or a pause. */
export type Part =
  | string
  | { readonly repeat: string; readonly times: number }
  | { readonly count: number; readonly line: string }
  | { readonly delay: number };

/** One write, or a pause before the next one. */
export type Step = { readonly kind: 'write'; readonly bytes: string } | { readonly kind: 'pause'; readonly pauseMs: number };

/** Expands parts; neighbouring bytes become one write. Throws when a character is not a byte. */
export function expandParts(parts: Part | readonly Part[]): Step[] {
  const steps: Step[] = [];
  let bytes = '';
  const flush = (): void => {
    if (bytes !== '') steps.push({ kind: 'write', bytes });
    bytes = '';
  };
  for (const part of listOf(parts)) {
    if (typeof part === 'string') bytes += part;
    else if ('repeat' in part) bytes += part.repeat.repeat(part.times);
    else if ('count' in part) bytes += numberedLines(part.count, part.line);
    else {
      flush();
      steps.push({ kind: 'pause', pauseMs: part.delay });
    }
  }
  flush();
  for (const step of steps) {
    if (step.kind === 'write' && /[^\x00-\xff]/.test(step.bytes)) throw new Error(`not latin1: ${JSON.stringify(step.bytes.slice(0, 60))}`);
  }
  return steps;
}

/** All bytes of the parts in one string. */
export function bytesOf(parts: Part | readonly Part[]): string {
  return expandParts(parts)
    .map((step) => (step.kind === 'write' ? step.bytes : ''))
    .join('');
}

/** A value, a list of values, or nothing, as a list: the format allows all three in most places. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function numberedLines(count: number, line: string): string {
  let lines = '';
  for (let i = 0; i < count; i++) lines += line.replaceAll('#', String(i));
  return lines;
}

/** Cuts the bytes of one write into the bytes of several. */
export type Cut = (bytes: string) => readonly string[];

/** No cut: the bytes as they are. */
export const uncut: Cut = (bytes) => [bytes];

const longestByteByByteBytes = 500;
const edgeBytes = 200;

/**
 * Every byte alone. Of long input only both ends, so that it still arrives within the header timeout, on a slow machine too; the middle
 * is cut into pieces of 4096 bytes.
 */
export const cutEveryByte: Cut = (bytes) => {
  if (bytes.length <= longestByteByByteBytes) return bytes.split('');
  const middle = bytes.slice(edgeBytes, -edgeBytes);
  return [...bytes.slice(0, edgeBytes), ...cutRegularly(middle, 4096), ...bytes.slice(-edgeBytes)];
};

/** Between one and seven cuts at random places. */
export function cutRandomly(random: Random): Cut {
  return (bytes) => {
    const places = Array.from({ length: 1 + pickNumber(random, 7) }, () => 1 + pickNumber(random, Math.max(1, bytes.length - 1)));
    return cutAt(bytes, places);
  };
}

/** Cuts at the given offsets; offsets at or beyond the ends cut nothing. */
export function cutAt(bytes: string, offsets: readonly number[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const offset of offsets.toSorted((a, b) => a - b)) {
    if (offset <= from || offset >= bytes.length) continue;
    pieces.push(bytes.slice(from, offset));
    from = offset;
  }
  pieces.push(bytes.slice(from));
  return pieces;
}

function cutRegularly(bytes: string, sizeBytes: number): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += sizeBytes) pieces.push(bytes.slice(from, from + sizeBytes));
  return pieces;
}
