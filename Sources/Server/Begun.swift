internal import Hummingbird
internal import Logging
