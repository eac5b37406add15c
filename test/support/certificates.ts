import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** PEM of the authority both others are signed by. */
  readonly ca: string;
  /** Of 127.0.0.1: PKCS #8 key and certificate, the path of one PEM file with both. */
  readonly serverPath: string;
  readonly caPath: string;
  readonly client: {readonly cert: string; readonly key: string};
}

/** Whether there is an `openssl` command: Node can read certificates but cannot sign one. */
export async function canMakeCertificates(): Promise<boolean> {
  return await run('openssl', ['version']).then(
    () => true,
    () => false,
  );
}

/** An authority of its own, a server's and a client's certificate, valid for a day. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const openssl = (line: string) => run('openssl', line.split(' '), {cwd: dir});
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  await openssl(`req -x509 ${newKey} -subj /CN=authority -days 1 -keyout ca.key -out ca.pem`);
  const issue = async (name: string, extension: string): Promise<{cert: string; key: string}> => {
    await openssl(`req ${newKey} -subj /CN=${name} -keyout ${name}.key -out ${name}.csr`);
    await writeFile(join(dir, `${name}.ext`), extension);
    const signed = `-CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ${name}.ext`;
    await openssl(`x509 -req -in ${name}.csr ${signed} -out ${name}.pem`);
    const read = (file: string): Promise<string> => readFile(join(dir, file), 'utf8');
    return {cert: await read(`${name}.pem`), key: await read(`${name}.key`)};
  };
  const server = await issue('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const client = await issue('client', 'extendedKeyUsage=clientAuth\n');
  const serverPath = join(dir, 'server-both.pem');
  await writeFile(serverPath, server.key + server.cert);
  const caPath = join(dir, 'ca.pem');
  return {ca: await readFile(caPath, 'utf8'), caPath, serverPath, client};
}
