// The certificate and the key of the webhook, in two files that are replaced when the certificate is renewed. They are looked at again and
// again, since a mounted Secret is replaced by moving links, which cannot be watched everywhere. A pair that cannot be used, such as one
// that is half written, leaves the last one in place.
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface KeyPairFilesOptions {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly rereadEveryMs: number;
  readonly onChange: (pair: KeyPair) => void;
  /** Told once for each message. */
  readonly onError: (message: string) => void;
}

export class KeyPairFiles {
  readonly #options: KeyPairFilesOptions;
  #current: KeyPair | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(options: KeyPairFilesOptions) {
    this.#options = options;
  }

  /** Rejects with a message for the operator where the files hold no usable pair. From then on changes are told. */
  async start(): Promise<KeyPair> {
    const pair = await this.#read();
    this.#current = pair;
    this.#timer = setInterval(() => void this.#look(), this.#options.rereadEveryMs).unref();
    return pair;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const pair = await this.#read();
      this.#lastError = '';
      if (this.#current?.cert.equals(pair.cert) === true && this.#current.key.equals(pair.key)) return;
      this.#current = pair;
      this.#options.onChange(pair);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#lastError) this.#options.onError(message);
      this.#lastError = message;
    }
  }

  async #read(): Promise<KeyPair> {
    const { certificatePath, keyPath } = this.#options;
    const [cert, key] = await Promise.all([readFile(certificatePath), readFile(keyPath)]);
    try {
      createSecureContext({ cert, key });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${certificatePath} and ${keyPath} are no certificate and its key: ${reason}`, { cause: error });
    }
    return { cert, key };
  }
}
