package org.secondsite.replicator.codec;

/** The bytes of an encoded epoch do not follow the format. Never leaves this package: callers get a value with the reason. */
final class MalformedEpochException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedEpochException(String reason) {
        super(reason, null, false, false);
    }
}
