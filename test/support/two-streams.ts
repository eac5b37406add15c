import {definePipeline} from '../../src/define/index.ts';
import shipped, {github, readings} from '../../src/pipeline.ts';

/** The viewed streams of the shipped pipeline and nothing else, so that lists in tests stay short. */
export default definePipeline({
  name: shipped.name,
  streams: [readings, github],
  views: shipped.views,
});
