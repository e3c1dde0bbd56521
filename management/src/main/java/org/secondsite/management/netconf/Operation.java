package org.secondsite.management.netconf;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.management.Caller;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.netconf.Datastores.Store;
import org.secondsite.management.netconf.RpcException.Tag;
import org.w3c.dom.Element;

/** One operation that a client asks for (RFC 6241 §7 and §8, RFC 6022 §3.1). */
final class Operation {
    private static final Set<String> WRITING = Set.of(
            "edit-config",
            "copy-config",
            "delete-config",
            "lock",
            "unlock",
            "commit",
            "cancel-commit",
            "discard-changes",
            "kill-session");

    private final Netconf netconf;
    private final Datastores stores;
    private final Datastores.Asker asker;
    private final Element asked;

    Operation(Netconf netconf, Datastores.Asker asker, Element asked) {
        this.netconf = netconf;
        this.asker = asker;
        this.asked = asked;
        stores = netconf.datastores();
    }

    static boolean writes(String operation) {
        return WRITING.contains(operation);
    }

    /** What stands in the reply. */
    String answer() throws RpcException {
        String name = asked.getLocalName();
        if (writes(name)) {
            require(name.equals("kill-session") ? Caller.Role.ADMIN : Caller.Role.OPERATOR);
        }
        switch (name) {
            case "get" -> {
                return data(stores.shown(Store.RUNNING), netconf.state());
            }
            case "get-config" -> {
                return data(stores.shown(store("source")), "");
            }
            case "get-schema" -> {
                return schema();
            }
            case "edit-config" -> edit();
            case "lock" -> stores.lock(asker, store("target"));
            case "unlock" -> stores.unlock(asker, store("target"));
            case "validate" -> validate();
            case "commit" -> stores.commit(asker, commit());
            case "cancel-commit" -> stores.cancel(asker, Xml.text(asked, "persist-id"));
            case "discard-changes" -> stores.discard(asker);
            case "kill-session" -> kill();
            case "close-session" -> {}
            default -> throw RpcException.protocol(Tag.OPERATION_NOT_SUPPORTED, name + " is no operation here");
        }
        return NetconfSession.ok();
    }

    private void require(Caller.Role role) throws RpcException {
        if (!asker.caller().may(role)) {
            throw RpcException.protocol(
                    Tag.ACCESS_DENIED,
                    asker.caller().name() + " is " + asker.caller().role().word() + ": " + asked.getLocalName()
                            + " is for those who are " + role.word());
        }
    }

    private Store store(String parameter) throws RpcException {
        String name = Xml.child(asked, parameter).map(Xml::children).stream()
                .flatMap(List::stream)
                .findFirst()
                .map(Element::getLocalName)
                .orElseThrow(() -> RpcException.protocol(
                        Tag.MISSING_ELEMENT, asked.getLocalName() + " has a " + parameter + " with a datastore"));
        for (Store store : Store.values()) {
            if (store.word().equals(name)) {
                return store;
            }
        }
        throw RpcException.protocol(Tag.INVALID_VALUE, parameter + " is " + name + ": there are running and candidate");
    }

    private String data(Element gateway, String state) throws RpcException {
        Element root = Xml.parsed(NetconfSession.octets("<data xmlns=\"" + Xml.BASE + "\">" + state + "</data>"));
        root.appendChild(root.getOwnerDocument().adoptNode(gateway));
        Optional<Element> filter = Xml.child(asked, "filter");
        if (filter.isPresent()) {
            String type = filter.get().getAttribute("type");
            if (!type.isEmpty() && !type.equals("subtree")) {
                throw RpcException.protocol(Tag.BAD_ATTRIBUTE, "filter is of type " + type + ": it is subtree");
            }
            SubtreeFilter.prune(root, filter.get());
        }
        return Xml.written(root);
    }

    private String schema() throws RpcException {
        String module = Xml.text(asked, "identifier").orElse("");
        String version = Xml.text(asked, "version").orElse(GatewayModel.REVISION);
        String format = Xml.text(asked, "format").orElse("yang");
        if (!module.equals(GatewayModel.NAME)
                || !(version.equals(GatewayModel.REVISION) || version.isEmpty())
                || !(format.equals("yang") || format.endsWith(":yang"))) {
            throw RpcException.protocol(
                    Tag.INVALID_VALUE,
                    "there is " + GatewayModel.NAME + " of " + GatewayModel.REVISION + " as yang, and nothing else");
        }
        return Netconf.schema(netconf.model().source());
    }

    private void edit() throws RpcException {
        if (store("target") != Store.CANDIDATE) {
            throw RpcException.protocol(
                    Tag.OPERATION_NOT_SUPPORTED, "running is changed by a commit of candidate alone");
        }
        String byDefault = Xml.text(asked, "default-operation").orElse("merge");
        EditConfig.Operation operation = EditConfig.Operation.of(byDefault);
        if (!Set.of("merge", "replace", "none").contains(byDefault)) {
            throw RpcException.protocol(
                    Tag.INVALID_VALUE, "default-operation is " + byDefault + ": it is merge, replace or none");
        }
        if (Xml.text(asked, "error-option").orElse("").equals("continue-on-error")) {
            throw RpcException.protocol(
                    Tag.OPERATION_NOT_SUPPORTED, "an edit is made as a whole, or not: continue-on-error is neither");
        }
        Datastores.Trial trial =
                switch (Xml.text(asked, "test-option").orElse("set")) {
                    case "set" -> Datastores.Trial.SHAPE;
                    case "test-then-set" -> Datastores.Trial.FIRST;
                    case "test-only" -> Datastores.Trial.ONLY;
                    default ->
                        throw RpcException.protocol(
                                Tag.INVALID_VALUE, "test-option is none of set, test-then-set and test-only");
                };
        stores.edit(asker, config(asked), operation, trial);
    }

    private static Element config(Element of) throws RpcException {
        return Xml.child(of, "config")
                .orElseThrow(() -> RpcException.protocol(Tag.MISSING_ELEMENT, of.getLocalName() + " has a config"));
    }

    private void validate() throws RpcException {
        Optional<Element> inline = Xml.child(asked, "source").flatMap(source -> Xml.child(source, "config"));
        if (inline.isPresent()) {
            stores.validate(inline.get());
        } else {
            stores.validate(store("source"));
        }
    }

    private Datastores.Commit commit() {
        return new Datastores.Commit(
                Xml.child(asked, "confirmed").isPresent(),
                Xml.text(asked, "confirm-timeout"),
                Xml.text(asked, "persist"),
                Xml.text(asked, "persist-id"));
    }

    private void kill() throws RpcException {
        String id = Xml.text(asked, "session-id").orElse("");
        Optional<NetconfSession> session =
                id.matches("[0-9]{1,9}") ? netconf.session(Integer.parseInt(id)) : Optional.empty();
        if (session.isEmpty() || session.get().id() == asker.session()) {
            throw RpcException.protocol(
                    Tag.INVALID_VALUE, "session-id is '" + id + "': there is no other such session");
        }
        session.get().kill();
    }
}
