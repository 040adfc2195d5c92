# micropython: -X heapsize=4M
# mosquitto: require_certificate true
"""`key` and `cert` as bytes and as names of files, in DER and in PEM; the broker wants them."""

from encrypted import *

attempt("none")
attempt("DER", cert=file("client.der"), key=file("client.key.der"))
attempt("PEM", cert=file("client.pem"), key=file("client.key"))
attempt("PEM as text", cert=file("client.pem").decode(), key=file("client.key").decode())
attempt("files, DER", cert=FOLDER + "/client.der", key=FOLDER + "/client.key.der")
attempt("files, PEM", cert=FOLDER + "/client.pem", key=FOLDER + "/client.key")
attempt("with a CA", cert=file("client.der"), key=file("client.key.der"), cadata=file("ca.der"), server_hostname=HOST)
attempt("no such file", cert=FOLDER + "/no.der", key=FOLDER + "/client.key.der")
print("done")
