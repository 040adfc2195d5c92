"""Connects with TLS and checks the certificate of the broker."""

import ssl

from umqtt.simple2 import MQTTClient

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
with open("ca.der", "rb") as file:
    context.load_verify_locations(cadata=file.read())
context.verify_mode = ssl.CERT_REQUIRED  # MicroPython's ssl checks nothing without this line
client = MQTTClient("shed", "broker.local", ssl=context)
client.connect()  # raises ValueError if the certificate is not from that CA, or not for broker.local
client.publish("shed/temperature", "21.5")
client.disconnect()
