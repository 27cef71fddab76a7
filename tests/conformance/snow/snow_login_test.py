"""Who a client is, in each way that an instance knows."""

import base64
import json
import os
import subprocess
import tempfile
import time

import requests

from snow_sandbox import ADMIN, ADMIN_ID, INTEGRATION, TABLE, SnowTest, main

DENIED = {"error_description": "access_denied", "error": "server_error"}
CLIENT = {"client_id": "sandbox", "client_secret": "sandbox"}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Signer:
    """RS256 by the openssl program."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.key = os.path.join(self.directory, "key.pem")
        self.public = os.path.join(self.directory, "public.pem")
        self.openssl("genpkey", "-algorithm", "RSA", "-out", self.key,
                     "-pkeyopt", "rsa_keygen_bits:2048")
        self.openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)

    @staticmethod
    def openssl(*arguments, data=b""):
        return subprocess.run(["openssl", *arguments], input=data, check=True,
                              capture_output=True).stdout

    def token(self, **claims):
        now = int(time.time())
        claims = {"aud": "sandbox", "iss": "sandbox", "sub": INTEGRATION[0],
                  "exp": now + 300, "iat": now, "jti": str(now), **claims}
        text = b".".join(encode(json.dumps(part).encode()) for part in (
            {"alg": "RS256", "typ": "JWT"}, claims))
        signature = self.openssl("dgst", "-sha256", "-sign", self.key,
                                 data=text)
        return (text + b"." + encode(signature)).decode()


class LoginTest(SnowTest):

    @classmethod
    def setUpClass(cls):
        cls.signer = Signer()
        cls.FLAGS = ("--jwt-key", cls.signer.public)
        super().setUpClass()

    def token(self, **form):
        return self.snow.call("POST", "/oauth_token.do", None,
                              data={**CLIENT, **form})

    def who(self, headers=None, auth=None, path=TABLE + "incident"):
        """Who a record is made by; None: nobody was let in."""
        reply = self.snow.call("POST", path, auth, headers=headers, json={})
        if reply.status_code == 401:
            self.assertEqual(reply.json()["error"]["message"],
                             "User Not Authenticated")
            return None
        return reply.json()["result"]["sys_created_by"]

    def bearer(self, reply):
        self.assertEqual(reply.status_code, 200, reply.text)
        return self.who({"Authorization":
                         "Bearer " + reply.json()["access_token"]})

    def test_basic(self):
        self.assertEqual(self.who(auth=INTEGRATION), INTEGRATION[0])
        self.assertIsNone(self.who(auth=("admin", "wrong")))
        self.assertIsNone(self.who())

    def test_api_key(self):
        self.assertEqual(self.who({"x-sn-apikey": "sandbox-key"}),
                         INTEGRATION[0])
        self.assertEqual(
            self.who(path=TABLE + "incident?x-sn-apikey=sandbox-key"),
            INTEGRATION[0])
        self.assertIsNone(self.who({"x-sn-apikey": "other"}))

    def test_client_credentials(self):
        reply = self.token(grant_type="client_credentials")
        answer = reply.json()
        self.assertEqual(answer["token_type"], "Bearer")
        self.assertEqual(answer["scope"], "useraccount")
        self.assertLessEqual(answer["expires_in"], 1800)
        self.assertEqual(self.bearer(reply), INTEGRATION[0])

    def test_password_and_refresh(self):
        reply = self.token(grant_type="password", username="admin",
                           password="admin")
        self.assertEqual(self.bearer(reply), "admin")
        again = self.token(grant_type="refresh_token",
                           refresh_token=reply.json()["refresh_token"])
        self.assertEqual(self.bearer(again), "admin")

    def test_jwt_bearer(self):
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        reply = self.token(grant_type=grant, assertion=self.signer.token())
        self.assertEqual(self.bearer(reply), INTEGRATION[0])
        self.assertNotIn("refresh_token", reply.json())
        now = int(time.time())
        other = Signer()
        for assertion in (self.signer.token(exp=now - 1000),
                          self.signer.token(aud="other"),
                          self.signer.token(sub="nobody.here"),
                          self.signer.token()[:-8] + "AAAAAAAA",
                          other.token(), "x.y.z", ""):
            reply = self.token(grant_type=grant, assertion=assertion)
            self.assertEqual((reply.status_code, reply.json()), (401, DENIED))

    def test_every_refusal_is_the_same_two_words(self):
        for form in ({"grant_type": "password", "username": "admin",
                      "password": "wrong"},
                     {"grant_type": "client_credentials",
                      "client_secret": "wrong"},
                     {"grant_type": "refresh_token", "refresh_token": "x"},
                     {"grant_type": "implicit"}, {}):
            reply = self.token(**form)
            self.assertEqual((reply.status_code, reply.json()), (401, DENIED))

    def test_asking_again_gives_the_current_token(self):
        first = self.token(grant_type="client_credentials").json()
        self.snow.control("POST", "clock", {"advance_seconds": 1000})
        second = self.token(grant_type="client_credentials").json()
        self.assertEqual(first["access_token"], second["access_token"])
        self.assertLessEqual(second["expires_in"], 800)
        headers = {"Authorization": "Bearer " + first["access_token"]}
        self.snow.control("POST", "clock", {"advance_seconds": 801})
        self.assertIsNone(self.who(headers))
        third = self.token(grant_type="client_credentials").json()
        self.assertNotEqual(first["access_token"], third["access_token"])

    def test_tokens_can_be_revoked(self):
        reply = self.token(grant_type="client_credentials")
        self.snow.control("DELETE", "tokens")
        self.assertIsNone(self.bearer(reply))

    def test_the_command_line_tool_with_oauth(self):
        """now-sdk: a token, who am I, then the Table API."""
        token = self.token(grant_type="client_credentials").json()
        headers = {"Authorization": "Bearer " + token["access_token"]}
        reply = self.snow.call("POST", "/angular.do?sysparm_type=get_user",
                               None, headers=headers)
        self.assertEqual(reply.status_code, 200)
        self.assertEqual(reply.json()["user_name"], INTEGRATION[0])
        self.assertEqual(self.who(headers), INTEGRATION[0])

    def test_the_command_line_tool_with_a_password(self):
        with requests.Session() as session:
            login = session.post(
                self.snow.url + "/angular.do?sysparm_type=view_form.login",
                data={"user_name": "admin", "user_password": "admin"},
                timeout=60)
            self.assertEqual(login.json()["status"], "success")
            user = session.post(
                self.snow.url + "/angular.do?sysparm_type=get_user",
                auth=ADMIN, timeout=60)
            self.assertEqual(user.json()["user_sys_id"], ADMIN_ID)
        refused = self.snow.call(
            "POST", "/angular.do?sysparm_type=view_form.login", None,
            data={"user_name": "admin", "user_password": "wrong"})
        self.assertEqual(refused.json()["status"], "error")

    def test_cookies_of_a_session(self):
        with requests.Session() as session:
            session.get(self.snow.url + TABLE + "incident", auth=ADMIN,
                        headers={"Accept": "application/json"}, timeout=60)
            self.assertLessEqual(
                {"JSESSIONID", "glide_user_route", "glide_user_session"},
                set(session.cookies.keys()))
            first = session.cookies["JSESSIONID"]
            session.get(self.snow.url + TABLE + "incident", auth=ADMIN,
                        headers={"Accept": "application/json"}, timeout=60)
            self.assertEqual(session.cookies["JSESSIONID"], first)


class RestrictedTest(SnowTest):
    """An instance of 2026: no Basic, no password grant, a role for the API."""

    FLAGS = ("--allow-basic", "false", "--oauth-grants", "client_credentials",
             "--integration-user", "someone")

    def test_right_credentials_are_refused(self):
        reply = self.snow.call("GET", TABLE + "incident")
        self.assert_error(reply, 401, "User Not Authenticated",
                          "Required to provide Auth information")

    def test_grants_that_are_off(self):
        reply = self.snow.call("POST", "/oauth_token.do", None, data={
            **CLIENT, "grant_type": "password", "username": "admin",
            "password": "admin"})
        self.assertEqual((reply.status_code, reply.json()), (401, DENIED))
        reply = self.snow.call("POST", "/oauth_token.do", None, data={
            **CLIENT, "grant_type": "client_credentials"})
        self.assertEqual(reply.status_code, 200)


class RoleTest(SnowTest):

    FLAGS = ("--require-rest-service", "true")

    def test_the_role_for_every_api(self):
        reply = self.snow.call("GET", TABLE + "incident",
                               ("abel.tuter", "abel.tuter"))
        self.assert_error(reply, 403, "Failed API level ACL Validation")
        self.find(auth=INTEGRATION)


if __name__ == "__main__":
    main()
