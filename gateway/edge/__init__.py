"""What stands between the network and the routes: pure ASGI layers, and the protocol below them."""
