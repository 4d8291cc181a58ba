"""A client of S3 of its own (Signature Version 4, as Amazon's manual has it), so that what object_probe does is looked
at by another pair of eyes."""

import datetime
import hashlib
import hmac
import ssl
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as Xml


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class S3:
    def __init__(self, endpoint, key="testkey", secret="testsecret", token=None, region="us-east-1", ca=None):
        self.endpoint, self.key, self.secret, self.token, self.region = endpoint, key, secret, token, region
        self.context = ssl.create_default_context(cafile=ca) if ca else None

    def request(self, method, path, query=None, body=b"", service="s3"):
        """The body of the answer; urllib.error.HTTPError when it is none of success."""
        path = urllib.parse.quote(path, safe="/-_.~")
        query = "&".join(f"{name}={urllib.parse.quote(value, safe='-_.~')}" for name, value in sorted((query or {}).items()))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": urllib.parse.urlsplit(self.endpoint).netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
        if self.token:
            headers["x-amz-security-token"] = self.token
        headers["Authorization"] = self.authorize(method, path, query, dict(sorted(headers.items())), digest, service)
        url = f"{self.endpoint}{path}{'?' if query else ''}{query}"
        asked = urllib.request.Request(url, data=body or None, method=method, headers=headers)
        with urllib.request.urlopen(asked, timeout=30, context=self.context) as answer:
            return answer.read()

    def authorize(self, method, path, query, headers, digest, service):
        day, names = headers["x-amz-date"][:8], ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = hashlib.sha256("\n".join([method, path, query, lines, names, digest]).encode()).hexdigest()
        scope = f"{day}/{self.region}/{service}/aws4_request"
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, service, "aws4_request"):
            key = sign(key, part)
        signature = sign(key, "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, canonical])).hex()
        return f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}"

    def make_bucket(self, bucket):
        self.request("PUT", f"/{bucket}")

    def put(self, bucket, key, body):
        self.request("PUT", f"/{bucket}/{key}", body=body)

    def get(self, bucket, key):
        return self.request("GET", f"/{bucket}/{key}")

    def has(self, bucket, key):
        try:
            self.request("HEAD", f"/{bucket}/{key}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def uploads(self, bucket):
        return self.request("GET", f"/{bucket}", {"uploads": ""}).decode().count("<Upload>")

    def session(self):
        """Credentials of a session, which go with a token."""
        body = b"Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600"
        answer = Xml.fromstring(self.request("POST", "/", body=body, service="sts"))
        found = {part.tag.split("}")[-1]: part.text for part in answer.iter()}
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
