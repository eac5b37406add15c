/** The name of an environment variable or Worker secret; the value never enters the definition. */
export interface SecretReference {
  readonly secret: string;
}

/** One, or several while one takes the place of another: what any of them proves is proven. */
export type Secrets = SecretReference | readonly SecretReference[];

/** `name`: of the variable or Worker secret that holds it. */
export function secret(name: string): SecretReference {
  return {secret: name};
}

export function listOf(secrets: Secrets): readonly SecretReference[] {
  return 'secret' in secrets ? [secrets] : secrets;
}
