/** What the Worker tells an object of a socket to open: an internal request, which no client can make. */
export type Opening =
  | {readonly protocol: 'events'; readonly stream: string; readonly token: string}
  | {readonly protocol: 'mqtt'};

const HEADER = 'forebay-opening';

export function writeOpening(opening: Opening): Request {
  return new Request('https://devices/', {
    headers: {upgrade: 'websocket', [HEADER]: JSON.stringify(opening)},
  });
}

export function readOpening({headers}: Request): Opening {
  return JSON.parse(headers.get(HEADER) ?? '') as Opening;
}
