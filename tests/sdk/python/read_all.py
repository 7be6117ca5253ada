"""Reads what there is with Zoho's SDK for Python and prints what it got as JSON.

Used as: read_all.py BASE_URL CLIENT_ID CLIENT_SECRET REFRESH_TOKEN, in an empty folder, where the SDK keeps its
files. Nothing of the SDK is changed or replaced; it is told of an environment that is none of Zoho's.
"""

import json
import sys

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.fields.fields_operations import FieldsOperations, GetFieldsParam
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.modules.modules_operations import ModulesOperations
from zohocrmsdk.src.com.zoho.crm.api.org.org_operations import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record.record_operations import GetRecordsParam, RecordOperations
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zohocrmsdk.src.com.zoho.crm.api.users.users_operations import GetUsersParam, UsersOperations
from zohocrmsdk.src.com.zoho.crm.api.util.choice import Choice


def main():
    base_url, client_id, client_secret, refresh_token = sys.argv[1:]
    environment = DataCenter.Environment(base_url, f"{base_url}/oauth/v2/token", base_url)
    token = OAuthToken(client_id=client_id, client_secret=client_secret, refresh_token=refresh_token)
    Initializer.initialize(
        environment,
        token,
        store=FileStore("tokens.txt"),
        sdk_config=SDKConfig(auto_refresh_fields=True, read_timeout=60, connect_timeout=60),
        resource_path=".",
    )
    modules = content(ModulesOperations().get_modules(ParameterMap())).get_modules()
    got = {
        "leads": by_token("Leads", 100),
        "contacts": by_number("Contacts", 200),
        "newest": {module: newest(module) for module in ["Leads", "Contacts", "Accounts", "Deals", "Notes", "Tasks", "Products"]},
        "refusal": refusal("Leads"),
        "users": users(),
        "org": [[org.get_id(), org.get_zgid()] for org in content(OrgOperations().get_organization()).get_org()],
        "modules": [module.get_api_name() for module in modules],
        "fields": {name: fields(name) for name in ["Leads", "Contacts", "Accounts", "Deals", "Notes", "Tasks", "Products"]},
    }
    json.dump(got, sys.stdout)


def by_token(module, per_page):
    """The ids of all records, each page asked for with the token of the one before."""
    ids, page_token = [], None
    while True:
        wanted = {GetRecordsParam.fields: "Last_Name,Lead_Status,Owner", GetRecordsParam.per_page: per_page}
        if page_token is not None:
            wanted[GetRecordsParam.page_token] = page_token
        page = content(RecordOperations(module).get_records(parameters(wanted)))
        ids += [str(record.get_id()) for record in page.get_data()]
        page_token = page.get_info().get_next_page_token()
        if not page.get_info().get_more_records():
            return ids


def by_number(module, per_page):
    """The ids of all records, page by page."""
    ids, number = [], 1
    while True:
        wanted = {
            GetRecordsParam.fields: "Last_Name,Email",
            GetRecordsParam.per_page: per_page,
            GetRecordsParam.page: number,
        }
        page = content(RecordOperations(module).get_records(parameters(wanted)))
        ids += [str(record.get_id()) for record in page.get_data()]
        number += 1
        if not page.get_info().get_more_records():
            return ids


def newest(module):
    """The id, the owner and the names of all values of the newest record, asked for alone."""
    wanted = {GetRecordsParam.fields: "Owner", GetRecordsParam.per_page: 1}
    id = content(RecordOperations(module).get_records(parameters(wanted))).get_data()[0].get_id()
    record = content(RecordOperations(module).get_record(id)).get_data()[0]
    return [str(record.get_id()), str(record.get_key_value("Owner").get_id()), sorted(record.get_key_values())]


def refusal(module):
    """What the SDK makes of an error."""
    wanted = {GetRecordsParam.fields: "id", GetRecordsParam.page_token: "nonsense"}
    response = RecordOperations(module).get_records(parameters(wanted))
    return [response.get_status_code(), response.get_object().get_code().get_value()]


def users():
    """The ids of all users, two pages at least."""
    ids, number = [], 1
    while True:
        wanted = {GetUsersParam.type: "AllUsers", GetUsersParam.page: number, GetUsersParam.per_page: 200}
        page = content(UsersOperations().get_users(parameters(wanted)))
        ids += [str(user.get_id()) for user in page.get_users()]
        number += 1
        if not page.get_info().get_more_records():
            return ids


def fields(module):
    """Each field with its type and the values to pick from."""
    described = content(FieldsOperations().get_fields(parameters({GetFieldsParam.module: module}))).get_fields()
    return [[field.get_api_name(), field.get_data_type(), choices(field)] for field in described]


def choices(field):
    values = [choice.get_display_value() for choice in field.get_pick_list_values() or []]
    return [value.get_value() if isinstance(value, Choice) else value for value in values]


def parameters(wanted):
    map = ParameterMap()
    for name, value in wanted.items():
        map.add(name, value)
    return map


def content(response):
    """What a good answer holds."""
    if response is None or response.get_status_code() != 200:
        raise SystemExit(f"no good answer: {response and response.get_status_code()}")
    content = response.get_object()
    if type(content).__name__ == "APIException":
        raise SystemExit(f"refused: {content.get_code().get_value()}")
    return content


main()
