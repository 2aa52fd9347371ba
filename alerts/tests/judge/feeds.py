"""Reads a feed with feedparser, for tests/feed.rs; prints what it found as JSON and fails on any complaint.

    feeds.py FILE
"""

import calendar
import datetime
import json
import sys

import feedparser

feed = feedparser.parse(open(sys.argv[1], "rb").read())
if feed.bozo:
    sys.exit(f"feedparser complains: {feed.bozo_exception}")


def utc(parsed):
    return datetime.datetime.fromtimestamp(calendar.timegm(parsed), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


entries = [
    {
        "id": entry.id,
        "title": entry.title,
        "links": [link.href for link in entry.links if link.rel == "alternate"],
        "updated": utc(entry.get("updated_parsed") or entry.published_parsed),
        "cap_severity": entry.get("cap_severity"),
        "cap_event": entry.get("cap_event"),
        "where": entry.get("where"),
    }
    for entry in feed.entries
]
json.dump({"language": feed.feed.get("language"), "entries": entries}, sys.stdout)
