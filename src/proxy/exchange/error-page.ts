// The small HTML pages that nginx users know, for every status that Portico answers itself.
import { reasonPhrase } from '../http1/response-writer.ts';

/** Body for a status, as nginx writes it without its version. */
export function errorPage(status: number): string {
  const title = `${status} ${reasonPhrase(status)}`;
  const head = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n`;
  return `${head}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}
