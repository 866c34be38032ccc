import ArgumentParser
import ServiceLifecycle
import Server
import Stores
