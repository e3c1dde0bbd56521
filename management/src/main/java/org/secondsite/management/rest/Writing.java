package org.secondsite.management.rest;

import java.util.NoSuchElementException;
import org.opendaylight.netconf.databind.DatabindPath;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.api.ApiPath;
import org.opendaylight.restconf.server.api.ChildBody.PrefixAndBody;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifierWithPredicates;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeWithValue;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.PathArgument;
import org.opendaylight.yangtools.yang.data.api.schema.LeafSetNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapNode;
import org.opendaylight.yangtools.yang.data.api.schema.NormalizedNode;
import org.secondsite.management.model.GatewayModel;

/** Carries out one request that writes (RFC 8040 §4.4 to §4.7) on a copy of the data. */
final class Writing {
    private final Edit edit;
    private final DatabindPath.Data path;
    private final String url;

    Writing(Edit edit, DatabindPath.Data path, String url) {
        this.edit = edit;
        this.path = path;
        this.url = url;
    }

    Written carryOut(HttpRequest request) throws RequestException {
        boolean exists = edit.read(path.instance()).isPresent();
        return switch (request.method()) {
            case "DELETE" -> {
                requires(exists);
                edit.delete(path.instance());
                yield Written.CHANGED;
            }
            case "PUT" -> {
                edit.replace(path.instance(), resource(request));
                yield exists ? Written.CHANGED : Written.created(url);
            }
            case "PATCH" -> {
                requires(exists);
                edit.merge(path.instance(), resource(request));
                yield Written.CHANGED;
            }
            default -> exists ? child(request) : create(request);
        };
    }

    /** RFC 8040 §4.6: what is not there is not made by the way. */
    private void requires(boolean exists) throws RequestException {
        if (!exists) {
            throw new RequestException(ErrorType.PROTOCOL, ErrorTag.DATA_MISSING, "there is no " + url);
        }
    }

    private NormalizedNode resource(HttpRequest request) throws RequestException {
        Encoding encoding = Encoding.sent(request);
        return parsed(() -> encoding.resource(request.body()).toNormalizedNode(path));
    }

    private interface Parsing<T> {
        T parse() throws RequestException;
    }

    /** The library throws whatever comes to it at a body that is none. */
    private static <T> T parsed(Parsing<T> parsing) throws RequestException {
        try {
            return parsing.parse();
        } catch (IllegalStateException | IllegalArgumentException | NoSuchElementException e) {
            throw new RequestException(
                    ErrorType.PROTOCOL, ErrorTag.MALFORMED_MESSAGE, "the body has no data of this resource", e);
        }
    }

    /** To the address of what is not there: tools of automation do so. */
    private Written create(HttpRequest request) throws RequestException {
        edit.replace(path.instance(), resource(request));
        return Written.created(url);
    }

    private Written child(HttpRequest request) throws RequestException {
        Encoding encoding = Encoding.sent(request);
        PrefixAndBody payload = parsed(() -> encoding.child(request.body()).toPayload(path));
        YangInstanceIdentifier at = path.instance();
        for (PathArgument step : payload.prefix()) {
            at = at.node(step);
        }
        NormalizedNode body = payload.body();
        PathArgument name =
                switch (body) {
                    case MapNode map
                    when map.size() == 1 -> map.body().iterator().next().name();
                    case LeafSetNode<?> leaves
                    when leaves.size() == 1 -> leaves.body().iterator().next().name();
                    case MapNode map -> throw oneChild(map.size());
                    case LeafSetNode<?> leaves -> throw oneChild(leaves.size());
                    default -> null;
                };
        boolean named = body.name().equals(at.getLastPathArgument());
        YangInstanceIdentifier list = named ? at : at.node(body.name());
        YangInstanceIdentifier child = name == null ? list : list.node(name);
        if (edit.read(child).isPresent()) {
            throw new RequestException(ErrorType.PROTOCOL, ErrorTag.DATA_EXISTS, shown(child) + " is there already");
        }
        edit.merge(list, body);
        return Written.created((url.isEmpty() ? "" : url + "/") + relative(child));
    }

    private static RequestException oneChild(int children) {
        return new RequestException(
                ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, "the body has " + children + " new items: it has one");
    }

    private String relative(YangInstanceIdentifier child) {
        YangInstanceIdentifier behind = child.relativeTo(path.instance()).orElseThrow();
        return (url.isEmpty() ? GatewayModel.NAME + ":" : "") + shown(behind);
    }

    /** As in an address (RFC 8040 §3.5.3). */
    private static String shown(YangInstanceIdentifier at) {
        StringBuilder text = new StringBuilder();
        for (PathArgument step : at.getPathArguments()) {
            switch (step) {
                case NodeIdentifierWithPredicates entry ->
                    text.append('=').append(escaped(entry.values().iterator().next()));
                case NodeWithValue<?> entry -> text.append('=').append(escaped(entry.getValue()));
                default ->
                    text.append(text.isEmpty() ? "" : "/")
                            .append(step.getNodeType().getLocalName());
            }
        }
        return text.toString();
    }

    private static String escaped(Object value) {
        return ApiPath.PERCENT_ESCAPER.escape(value.toString());
    }
}
