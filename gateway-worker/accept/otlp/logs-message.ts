/**
 * The protobuf messages of a logs export, as far as they are kept.
 * https://github.com/open-telemetry/opentelemetry-proto (v1: collector/logs, logs, resource, common)
 */
import type {Field, Message} from './protobuf-message.ts';

const ANY_VALUE: Message = {
  isOneof: true,
  fields: {
    1: {name: 'stringValue', type: 'string'},
    2: {name: 'boolValue', type: 'bool'},
    3: {name: 'intValue', type: 'int64'},
    4: {name: 'doubleValue', type: 'double'},
    5: {name: 'arrayValue', type: () => ARRAY_VALUE},
    6: {name: 'kvlistValue', type: () => KEY_VALUE_LIST},
    7: {name: 'bytesValue', type: 'base64'},
  },
};

const ARRAY_VALUE: Message = {
  fields: {1: {name: 'values', type: () => ANY_VALUE, isRepeated: true}},
};

const KEY_VALUE: Message = {
  fields: {1: {name: 'key', type: 'string'}, 2: {name: 'value', type: () => ANY_VALUE}},
};

const KEY_VALUE_LIST: Message = {
  fields: {1: {name: 'values', type: () => KEY_VALUE, isRepeated: true}},
};

const ATTRIBUTES: Field = {name: 'attributes', type: () => KEY_VALUE, isRepeated: true};
const DROPPED_ATTRIBUTES: Field = {name: 'droppedAttributesCount', type: 'uint32'};
const SCHEMA_URL: Field = {name: 'schemaUrl', type: 'string'};

const ENTITY_REF: Message = {
  fields: {
    1: SCHEMA_URL,
    2: {name: 'type', type: 'string'},
    3: {name: 'idKeys', type: 'string', isRepeated: true},
    4: {name: 'descriptionKeys', type: 'string', isRepeated: true},
  },
};

const RESOURCE: Message = {
  fields: {
    1: ATTRIBUTES,
    2: DROPPED_ATTRIBUTES,
    3: {name: 'entityRefs', type: () => ENTITY_REF, isRepeated: true},
  },
};

const SCOPE: Message = {
  fields: {
    1: {name: 'name', type: 'string'},
    2: {name: 'version', type: 'string'},
    3: ATTRIBUTES,
    4: DROPPED_ATTRIBUTES,
  },
};

const LOG_RECORD: Message = {
  fields: {
    1: {name: 'timeUnixNano', type: 'fixed64'},
    2: {name: 'severityNumber', type: 'int32'},
    3: {name: 'severityText', type: 'string'},
    5: {name: 'body', type: () => ANY_VALUE},
    6: ATTRIBUTES,
    7: DROPPED_ATTRIBUTES,
    8: {name: 'flags', type: 'fixed32'},
    9: {name: 'traceId', type: 'hex'},
    10: {name: 'spanId', type: 'hex'},
    11: {name: 'observedTimeUnixNano', type: 'fixed64'},
    12: {name: 'eventName', type: 'string'},
  },
};

const SCOPE_LOGS: Message = {
  fields: {
    1: {name: 'scope', type: () => SCOPE},
    2: {name: 'logRecords', type: () => LOG_RECORD, isRepeated: true},
    3: SCHEMA_URL,
  },
};

const RESOURCE_LOGS: Message = {
  fields: {
    1: {name: 'resource', type: () => RESOURCE},
    2: {name: 'scopeLogs', type: () => SCOPE_LOGS, isRepeated: true},
    3: SCHEMA_URL,
  },
};

export const EXPORT_LOGS_REQUEST: Message = {
  fields: {1: {name: 'resourceLogs', type: () => RESOURCE_LOGS, isRepeated: true}},
};
