package org.secondsite.management.rest;

/** The file that runs says something that the YANG module has no words for. */
final class UnshownException extends Exception {
    private static final long serialVersionUID = 1;

    UnshownException(IllegalArgumentException cause) {
        super("the gateway's file cannot be shown: " + cause.getMessage(), cause);
    }
}
