/** What Devices objects see of time and keys; the test's file and the objects share one isolate. */
export const deviceSettings = {
  keysJson: '[]',
  nowMs: (): number => Date.now(),
};
