// Times as log lines show them. Texts of whole seconds are kept until the next second, so that a line only pays for its milliseconds.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const threeDigits: readonly string[] = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/** Seconds with three decimals, cut off as nginx does: `0.012`. Negative ones count as 0. */
export function formatSeconds(seconds: number): string {
  // The addition undoes the rounding of the product: 1.001 * 1000 is a little less than 1001.
  const ms = seconds > 0 ? Math.floor(seconds * 1000 + 1e-6) : 0;
  if (ms < 1000) return `0.${threeDigits[ms] ?? '000'}`;
  return `${Math.floor(ms / 1000)}.${threeDigits[ms % 1000] ?? '000'}`;
}

/** Milliseconds since the epoch as seconds with three decimals: `1764010020.123`. */
export function formatEpoch(ms: number): string {
  const whole = Math.floor(ms);
  return `${Math.floor(whole / 1000)}.${threeDigits[whole % 1000] ?? '000'}`;
}

export class ClockText {
  #localSecond = -1;
  #local = '';
  #isoLocal = '';
  #utcSecond = -1;
  #utc = '';

  /** nginx's `$time_local`: `24/Nov/2026:18:47:00 +0000`. */
  local(ms: number): string {
    this.#refreshLocal(ms);
    return this.#local;
  }

  /** nginx's `$time_iso8601`: `2026-11-24T18:47:00+00:00`. */
  isoLocal(ms: number): string {
    this.#refreshLocal(ms);
    return this.#isoLocal;
  }

  /** `2026-11-24T18:47:00.123Z`. */
  isoUtc(ms: number): string {
    const whole = Math.floor(ms);
    const second = Math.floor(whole / 1000);
    if (second !== this.#utcSecond) {
      this.#utcSecond = second;
      this.#utc = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#utc}${threeDigits[whole % 1000] ?? '000'}Z`;
  }

  #refreshLocal(ms: number): void {
    const second = Math.floor(ms / 1000);
    if (second === this.#localSecond) return;
    this.#localSecond = second;
    const date = new Date(second * 1000);
    const offset = -date.getTimezoneOffset();
    const sign = offset < 0 ? '-' : '+';
    const zoneHours = two(Math.floor(Math.abs(offset) / 60));
    const zoneMinutes = two(Math.abs(offset) % 60);
    const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    const day = two(date.getDate());
    const month = date.getMonth();
    this.#local = `${day}/${months[month] ?? ''}/${date.getFullYear()}:${time} ${sign}${zoneHours}${zoneMinutes}`;
    this.#isoLocal = `${date.getFullYear()}-${two(month + 1)}-${day}T${time}${sign}${zoneHours}:${zoneMinutes}`;
  }
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
