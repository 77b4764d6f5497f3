"""The sandbox's web page: plain HTML, CSS and ES modules, served as they lie here.

Left is the agents' Slack, right is the customer's web page. There is no build step and nothing is
fetched from outside this machine. The modules talk to ``sandbox/local_slack`` (``/people/...``) and
``sandbox/local_genesys`` (``/customers...``) only.
"""
