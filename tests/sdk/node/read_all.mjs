// Reads what there is with Zoho's SDK for Node and prints what it got as JSON.
//
// Used as: read_all.mjs BASE_URL CLIENT_ID CLIENT_SECRET REFRESH_TOKEN, in an empty folder, where the SDK keeps its
// files. Nothing of the SDK is changed or replaced; it is told of an environment that is none of Zoho's.

// First, as in Zoho's samples: its modules import each other, and only this order of them works.
import "@zohocrm/nodejs-sdk-8.0";
import { FieldsOperations, GetFieldsParam } from "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/fields/fields_operations.js";
import { ModulesOperations } from "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/modules/modules_operations.js";
import { OrgOperations } from "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/org/org_operations.js";
import { GetRecordsParam, RecordOperations } from "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/record/record_operations.js";
import { GetUsersParam, UsersOperations } from "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/users/users_operations.js";
import { OAuthBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/models/authenticator/oauth_builder.js";
import { FileStore } from "@zohocrm/nodejs-sdk-8.0/lib/models/authenticator/store/file_store.js";
import { Environment } from "@zohocrm/nodejs-sdk-8.0/lib/routes/dc/environment.js";
import { InitializeBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/routes/initialize_builder.js";
import { ParameterMap } from "@zohocrm/nodejs-sdk-8.0/lib/routes/parameter_map.js";
import { SDKConfigBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/routes/sdk_config_builder.js";
import { Choice } from "@zohocrm/nodejs-sdk-8.0/lib/utils/util/choice.js";

async function main() {
  const [baseUrl, clientId, clientSecret, refreshToken] = process.argv.slice(2);
  const token = new OAuthBuilder().clientId(clientId).clientSecret(clientSecret).refreshToken(refreshToken).build();
  const builder = await new InitializeBuilder();
  await builder
    .environment(new Environment(baseUrl, `${baseUrl}/oauth/v2/token`, baseUrl))
    .token(token)
    .store(new FileStore("tokens.txt"))
    .SDKConfig(new SDKConfigBuilder().autoRefreshFields(true).timeout(60000).build())
    .resourcePath(process.cwd())
    .initialize();
  const organizations = content(await new OrgOperations().getOrganization()).getOrg();
  const modules = content(await new ModulesOperations().getModules(new ParameterMap())).getModules();
  const got = {
    leads: await byToken("Leads", 100),
    contacts: await byNumber("Contacts", 200),
    newest: {},
    refusal: await refusal("Leads"),
    users: await users(),
    org: organizations.map((org) => [String(org.getId()), org.getZgid()]),
    modules: modules.map((module) => module.getAPIName()),
    fields: {},
  };
  for (const module of ["Leads", "Contacts", "Accounts", "Deals", "Notes", "Tasks", "Products"]) {
    got.newest[module] = await newest(module);
    got.fields[module] = await fields(module);
  }
  process.stdout.write(JSON.stringify(got));
}

// The ids of all records, each page asked for with the token of the one before.
async function byToken(module, perPage) {
  const ids = [];
  let pageToken = null;
  for (;;) {
    const wanted = [[GetRecordsParam.FIELDS, "Last_Name,Lead_Status,Owner"], [GetRecordsParam.PER_PAGE, perPage]];
    if (pageToken !== null) wanted.push([GetRecordsParam.PAGE_TOKEN, pageToken]);
    const page = content(await new RecordOperations(module).getRecords(await parameters(wanted)));
    ids.push(...page.getData().map((record) => String(record.getId())));
    pageToken = page.getInfo().getNextPageToken();
    if (!page.getInfo().getMoreRecords()) return ids;
  }
}

// The ids of all records, page by page.
async function byNumber(module, perPage) {
  const ids = [];
  for (let number = 1; ; number += 1) {
    const wanted = [
      [GetRecordsParam.FIELDS, "Last_Name,Email"],
      [GetRecordsParam.PER_PAGE, perPage],
      [GetRecordsParam.PAGE, number],
    ];
    const page = content(await new RecordOperations(module).getRecords(await parameters(wanted)));
    ids.push(...page.getData().map((record) => String(record.getId())));
    if (!page.getInfo().getMoreRecords()) return ids;
  }
}

// The id, the owner and the names of all values of the newest record, asked for alone.
async function newest(module) {
  const wanted = await parameters([[GetRecordsParam.FIELDS, "Owner"], [GetRecordsParam.PER_PAGE, 1]]);
  const id = content(await new RecordOperations(module).getRecords(wanted)).getData()[0].getId();
  const record = content(await new RecordOperations(module).getRecord(id)).getData()[0];
  const names = [...record.getKeyValues().keys()].sort();
  return [String(record.getId()), String(record.getKeyValue("Owner").getId()), names];
}

// What the SDK makes of an error.
async function refusal(module) {
  const wanted = await parameters([[GetRecordsParam.FIELDS, "id"], [GetRecordsParam.PAGE_TOKEN, "nonsense"]]);
  const response = await new RecordOperations(module).getRecords(wanted);
  return [response.getStatusCode(), response.getObject().getCode().getValue()];
}

// The ids of all users, two pages at least.
async function users() {
  const ids = [];
  for (let number = 1; ; number += 1) {
    // This SDK has no word for all users, who are meant without one.
    const wanted = [[GetUsersParam.PAGE, number], [GetUsersParam.PER_PAGE, 200]];
    const page = content(await new UsersOperations().getUsers(await parameters(wanted)));
    ids.push(...page.getUsers().map((user) => String(user.getId())));
    if (!page.getInfo().getMoreRecords()) return ids;
  }
}

// Each field with its type and the values to pick from.
async function fields(module) {
  const wanted = await parameters([[GetFieldsParam.MODULE, module]]);
  const described = content(await new FieldsOperations().getFields(wanted)).getFields();
  return described.map((field) => [field.getAPIName(), field.getDataType(), choices(field)]);
}

function choices(field) {
  const values = (field.getPickListValues() ?? []).map((choice) => choice.getDisplayValue());
  return values.map((value) => (value instanceof Choice ? value.getValue() : value));
}

async function parameters(wanted) {
  const map = new ParameterMap();
  for (const [name, value] of wanted) {
    await map.add(name, value);
  }
  return map;
}

// What a good answer holds.
function content(response) {
  if (response?.getStatusCode() !== 200) throw new Error(`no good answer: ${response?.getStatusCode()}`);
  const content = response.getObject();
  if (content.constructor.name === "APIException") throw new Error(`refused: ${content.getCode().getValue()}`);
  return content;
}

await main();
