package org.secondsite.management.rest;

import java.util.List;
import org.opendaylight.netconf.databind.ErrorMessage;
import org.opendaylight.netconf.databind.RequestError;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.server.api.YangErrorsBody;
import org.opendaylight.restconf.server.spi.ErrorTagMapping;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.secondsite.management.RefusedChange;

/** What went wrong, for the client (RFC 8040 §7): every error has a message, as clients print nothing else. */
final class Errors {
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;

    private Errors() {}

    static HttpResponse response(RequestException e, Encoding encoding) {
        List<RequestError> errors =
                e.errors().stream().map(error -> withMessage(error, e)).toList();
        return response(status(errors.getFirst().tag()), errors, encoding);
    }

    static HttpResponse response(ErrorType type, ErrorTag tag, String message, Encoding encoding) {
        return response(status(tag), List.of(new RequestError(type, tag, message)), encoding);
    }

    static HttpResponse response(int status, ErrorTag tag, String message, Encoding encoding) {
        return response(status, List.of(new RequestError(ErrorType.PROTOCOL, tag, message)), encoding);
    }

    /** Every line of the judge is an error of its own. */
    static HttpResponse response(RefusedChange refused, Encoding encoding) {
        ErrorTag tag = refused.kind() == RefusedChange.Kind.INVALID ? ErrorTag.INVALID_VALUE : ErrorTag.RESOURCE_DENIED;
        return response(
                status(tag),
                refused.lines().stream()
                        .map(line -> new RequestError(ErrorType.APPLICATION, tag, line))
                        .toList(),
                encoding);
    }

    private static HttpResponse response(int status, List<RequestError> errors, Encoding encoding) {
        return HttpResponse.of(status, encoding.type(), encoding.written(new YangErrorsBody(errors)));
    }

    private static int status(ErrorTag tag) {
        if (tag.equals(ErrorTag.BAD_ATTRIBUTE)) {
            return UNSUPPORTED_MEDIA_TYPE;
        }
        return ErrorTagMapping.ERRATA_5565.statusOf(tag).code();
    }

    private static RequestError withMessage(RequestError error, RequestException thrown) {
        if (error.message() != null && !error.message().elementBody().isBlank()) {
            return error;
        }
        Throwable cause = thrown;
        while (cause != null
                && (cause.getMessage() == null || cause.getMessage().isBlank())) {
            cause = cause.getCause();
        }
        String message = cause == null ? error.tag().elementBody() : cause.getMessage();
        return new RequestError(
                error.type(), error.tag(), new ErrorMessage(message), error.appTag(), error.path(), error.info());
    }
}
