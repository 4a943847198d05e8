// The small HTML pages that nginx users know, for every status that Portico answers itself.
import { reasonPhrase } from '../http1/response-writer.ts';

/** Body for a status, as nginx writes it without its version. `detail`: a sentence below the title; not HTML. */
export function errorPage(status: number, detail?: string): string {
  const title = `${status} ${pageTitle(status)}`;
  const head = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n`;
  const more = detail === undefined ? '' : `<center>${detail}</center>\r\n`;
  return `${head}${more}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

/** nginx writes other words on this page than in the status line. */
function pageTitle(status: number): string {
  return status === 401 ? 'Authorization Required' : reasonPhrase(status);
}
