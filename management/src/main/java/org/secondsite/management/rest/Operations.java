package org.secondsite.management.rest;

import com.google.gson.JsonObject;
import java.text.ParseException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opendaylight.netconf.databind.DatabindPath;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.api.ApiPath;
import org.opendaylight.restconf.server.spi.ApiPathNormalizer;
import org.opendaylight.restconf.server.spi.NormalizedFormattableBody;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.LeafNode;
import org.opendaylight.yangtools.yang.model.api.OutputSchemaNode;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.model.StateTree;
import org.secondsite.net.PeerText;

/** The operations of the module (RFC 8040 §3.6, §4.4.2). */
final class Operations {
    /** Where they are. */
    static final String PATH = "/restconf/operations";

    private static final int FORBIDDEN = 403;
    private static final int METHOD_NOT_ALLOWED = 405;

    private final GatewayModel model;
    private final ConfigPort port;

    /** What there is, by its name in the module, and who may have it done. */
    private enum Operation {
        CONFIRM("confirm", Caller.Role.ADMIN),
        ROLL_BACK("roll-back", Caller.Role.ADMIN),
        SWITCHOVER("switchover", Caller.Role.OPERATOR),
        PROTECT("protect", Caller.Role.OPERATOR),
        UNPROTECT("unprotect", Caller.Role.OPERATOR),
        HISTORY("history", Caller.Role.VIEWER);

        private final String word;
        private final Caller.Role role;

        Operation(String word, Caller.Role role) {
            this.word = word;
            this.role = role;
        }
    }

    Operations(GatewayModel model, ConfigPort port) {
        this.model = model;
        this.port = port;
    }

    /** The list of them. */
    static String json() {
        return List.of(Operation.values()).stream()
                .map(operation -> "\"" + GatewayModel.NAME + ":" + operation.word + "\": [null]")
                .collect(Collectors.joining(", ", "{\"ietf-restconf:operations\": {", "}}\n"));
    }

    /** The same. */
    static String xml() {
        return List.of(Operation.values()).stream()
                .map(operation -> "<" + operation.word + " xmlns='" + GatewayModel.NAMESPACE + "'/>")
                .collect(Collectors.joining(
                        "", "<operations xmlns='urn:ietf:params:xml:ns:yang:ietf-restconf'>", "</operations>\n"));
    }

    /** Does what the request wants. */
    HttpResponse answer(HttpRequest request, Encoding encoding) throws RequestException, RefusedChange {
        String name = request.path().substring(PATH.length() + 1);
        Operation operation = List.of(Operation.values()).stream()
                .filter(known -> name.equals(GatewayModel.NAME + ":" + known.word))
                .findFirst()
                .orElseThrow(() -> new RequestException(
                        ErrorType.PROTOCOL, ErrorTag.DATA_MISSING, "there is no operation " + name));
        if (request.method().equals("OPTIONS")) {
            return HttpResponse.of(204).with("Allow", "OPTIONS, POST");
        }
        if (!request.method().equals("POST")) {
            return Errors.response(METHOD_NOT_ALLOWED, ErrorTag.OPERATION_NOT_SUPPORTED, "only POST here", encoding)
                    .with("Allow", "OPTIONS, POST");
        }
        if (!request.query().isEmpty()) {
            throw new RequestException(
                    ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, "an operation has no query: it has an input");
        }
        if (!request.caller().may(operation.role)) {
            return Errors.response(
                    FORBIDDEN,
                    ErrorTag.ACCESS_DENIED,
                    request.caller().name() + " is of role "
                            + request.caller().role().word() + ", which may not have this done",
                    encoding);
        }
        DatabindPath.Rpc path = path(name);
        Optional<ContainerNode> input = input(path, name, request);
        Optional<JsonObject> output = carryOut(operation, request.caller().name(), input);
        return output.map(told -> HttpResponse.of(
                        200,
                        encoding.type(),
                        encoding.written(NormalizedFormattableBody.of(
                                path, StateTree.of(schema(operation), told).data()))))
                .orElseGet(() -> HttpResponse.of(204));
    }

    private OutputSchemaNode schema(Operation operation) {
        return model.databind().modelContext().getOperations().stream()
                .filter(rpc -> rpc.getQName().getLocalName().equals(operation.word))
                .findFirst()
                .orElseThrow()
                .getOutput();
    }

    /** Does it, or tells what it would do. */
    private Optional<JsonObject> carryOut(Operation operation, String who, Optional<ContainerNode> input)
            throws RequestException, RefusedChange {
        String reason = leaf(input, "reason").map(PeerText::line).orElse("").strip();
        boolean isDryRun = leaf(input, "dry-run").filter("true"::equals).isPresent();
        switch (operation) {
            case CONFIRM -> port.confirm(who);
            case HISTORY -> {
                return Optional.of(Past.json(port.history()));
            }
            case ROLL_BACK -> {
                if (isDryRun) {
                    return impact(port.compare(before()));
                }
                port.rollBack(who, reason);
            }
            case SWITCHOVER -> {
                String group = required(input, "group");
                if (isDryRun) {
                    return impact(HandOver.of(port.status(), group).effects());
                }
                port.switchOver(who, group, reason);
            }
            case PROTECT, UNPROTECT -> {
                Ticking ticking =
                        new Ticking(port, required(input, "vm"), leaf(input, "group"), operation == Operation.PROTECT);
                if (isDryRun) {
                    return impact(ticking.effects());
                }
                ticking.carryOut(who, reason);
            }
        }
        return Optional.empty();
    }

    private static Optional<JsonObject> impact(List<ConfigPort.Effect> effects) {
        JsonObject output = new JsonObject();
        output.add("impact", Impacts.impact(effects));
        return Optional.of(output);
    }

    /** What a roll-back would bring back. */
    private String before() throws RefusedChange {
        ConfigPort.History history = port.history();
        int number = history.unconfirmed()
                .map(ConfigPort.Waiting::backTo)
                .orElse(history.revisions().getLast().revision() - 1);
        return history.revisions().stream()
                .filter(past -> past.revision() == number)
                .findFirst()
                .orElseThrow(() -> new RefusedChange(
                        RefusedChange.Kind.NOT_NOW, List.of("there is no revision " + number + " to go back to")))
                .text();
    }

    private DatabindPath.Rpc path(String name) throws RequestException {
        try {
            return new ApiPathNormalizer(model.databind()).normalizeRpcPath(ApiPath.parseUrl(name));
        } catch (ParseException e) {
            throw new RequestException(ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, name + ": " + e.getMessage(), e);
        }
    }

    private static Optional<ContainerNode> input(DatabindPath.Rpc path, String name, HttpRequest request)
            throws RequestException {
        if (request.body().length == 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(Encoding.sent(request).input(request.body()).toContainerNode(path));
        } catch (IllegalStateException | IllegalArgumentException | NoSuchElementException e) {
            throw new RequestException(
                    ErrorType.PROTOCOL, ErrorTag.MALFORMED_MESSAGE, "the body has no input of " + name, e);
        }
    }

    private static String required(Optional<ContainerNode> input, String name) throws RequestException {
        return leaf(input, name)
                .orElseThrow(() -> new RequestException(
                        ErrorType.PROTOCOL, ErrorTag.MISSING_ELEMENT, name + ": is missing in the input"));
    }

    private static Optional<String> leaf(Optional<ContainerNode> input, String name) {
        return input.stream()
                .flatMap(node -> node.body().stream())
                .filter(child -> child.name().getNodeType().getLocalName().equals(name))
                .filter(LeafNode.class::isInstance)
                .map(child -> child.body().toString())
                .findFirst();
    }
}
