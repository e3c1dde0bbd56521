package org.secondsite.management.netconf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.management.Caller;
import org.secondsite.management.netconf.RpcException.Tag;
import org.w3c.dom.Attr;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;

/** One session (RFC 6241 §3): what comes in, and what goes out for it. On one thread, which may have to wait. */
public final class NetconfSession {
    private static final String BASE_1_1 = "urn:ietf:params:netconf:base:1.1";
    private static final String OK = "<ok/>";

    /**
     * An operation was carried out, or refused; for the audit.
     *
     * @param operation its name
     * @param writes whether it was to change something
     * @param status {@code ok}, or the tag of the error
     */
    public record Told(String operation, boolean writes, String status) {}

    /** What is to be done now. */
    public static final class Turn {
        private final byte[] out;
        private final List<Told> told;
        private final Optional<String> ends;

        /**
         * A turn.
         *
         * @param out octets for the other end; may be none
         * @param told what was asked for
         * @param ends why the connection is over when they are sent; empty: it is not
         */
        public Turn(byte[] out, List<Told> told, Optional<String> ends) {
            this.out = out.clone();
            this.told = List.copyOf(told);
            this.ends = ends;
        }

        /** Octets for the other end. */
        public byte[] out() {
            return out.clone();
        }

        /** What was asked for. */
        public List<Told> told() {
            return told;
        }

        /** Why the connection is over when they are sent; empty: it is not. */
        public Optional<String> ends() {
            return ends;
        }
    }

    private final Netconf netconf;
    private final Datastores.Asker asker;
    private final Runnable killing;
    private final Framing framing = new Framing();
    private boolean greeted;

    NetconfSession(Netconf netconf, Datastores.Asker asker, Runnable killing) {
        this.netconf = netconf;
        this.asker = asker;
        this.killing = killing;
    }

    /** Its number. */
    public int id() {
        return asker.session();
    }

    /** Whose it is. */
    public Caller caller() {
        return asker.caller();
    }

    /** What the server says first. */
    public byte[] hello() {
        return framing.framed("<hello xmlns=\"" + Xml.BASE + "\">" + Netconf.capabilities() + "<session-id>" + id()
                + "</session-id></hello>");
    }

    /** Octets came. */
    public Turn received(byte[] octets) {
        framing.add(octets);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<Told> told = new ArrayList<>();
        try {
            for (Optional<byte[]> message = framing.next(); message.isPresent(); message = framing.next()) {
                if (!greeted) {
                    greet(Xml.parsed(message.get()));
                    continue;
                }
                Element rpc = Xml.parsed(message.get());
                String operation = operation(rpc);
                out.writeBytes(framing.framed(reply(rpc, operation, told)));
                if (operation.equals("close-session")) {
                    return new Turn(out.toByteArray(), told, Optional.of("closed"));
                }
            }
            return new Turn(out.toByteArray(), told, Optional.empty());
        } catch (RpcException e) {
            // RFC 6241 §4.3: what has no message-id is answered without one, and nothing behind it can be trusted.
            if (greeted) {
                out.writeBytes(framing.framed("<rpc-reply xmlns=\"" + Xml.BASE + "\">" + e.xml() + "</rpc-reply>"));
            }
            return new Turn(out.toByteArray(), told, Optional.of(String.valueOf(e.getMessage())));
        } catch (Framing.BrokenException e) {
            return new Turn(out.toByteArray(), told, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    private void greet(Element hello) throws RpcException {
        List<String> theirs = Xml.child(hello, "capabilities").stream()
                .flatMap(list -> Xml.children(list).stream())
                .map(capability -> capability.getTextContent().strip())
                .toList();
        if (!hello.getLocalName().equals("hello")
                || theirs.stream().noneMatch(one -> one.startsWith("urn:ietf:params:netconf:base:1."))
                || Xml.child(hello, "session-id").isPresent()) {
            throw RpcException.protocol(Tag.MALFORMED_MESSAGE, "this is no hello of a client (RFC 6241 section 8.1)");
        }
        greeted = true;
        if (theirs.contains(BASE_1_1)) {
            framing.chunked();
        }
    }

    private static String operation(Element rpc) throws RpcException {
        if (!rpc.getLocalName().equals("rpc") || !Xml.BASE.equals(rpc.getNamespaceURI())) {
            throw RpcException.protocol(Tag.MALFORMED_MESSAGE, "this is no rpc (RFC 6241 section 4.1)");
        }
        List<Element> operations = Xml.children(rpc);
        return operations.size() == 1 ? operations.getFirst().getLocalName() : "";
    }

    private String reply(Element rpc, String operation, List<Told> told) {
        StringBuilder reply = new StringBuilder("<rpc-reply xmlns=\"" + Xml.BASE + "\"");
        copyAttributes(rpc, reply);
        reply.append('>');
        String status = "ok";
        try {
            if (!rpc.hasAttribute("message-id")) {
                throw RpcException.protocol(Tag.MALFORMED_MESSAGE, "an rpc has a message-id");
            }
            if (operation.isEmpty()) {
                throw RpcException.protocol(Tag.MALFORMED_MESSAGE, "an rpc has one operation");
            }
            reply.append(new Operation(netconf, asker, Xml.children(rpc).getFirst()).answer());
        } catch (RpcException e) {
            reply.append(e.xml());
            status = e.tag().word();
        }
        told.add(new Told(operation, Operation.writes(operation), status));
        return reply.append("</rpc-reply>").toString();
    }

    /** RFC 6241 §4.2: every attribute of the rpc comes back. */
    private static void copyAttributes(Element rpc, StringBuilder reply) {
        NamedNodeMap attributes = rpc.getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            Attr attribute = (Attr) attributes.item(i);
            if (!attribute.getName().equals("xmlns")) {
                reply.append(' ')
                        .append(attribute.getName())
                        .append("=\"")
                        .append(Xml.escaped(attribute.getValue()))
                        .append('"');
            }
        }
    }

    /** Another session wants it to end. */
    void kill() {
        var _ = ended();
        killing.run();
    }

    /**
     * The connection is gone, or to go. Asked again, nothing happens.
     *
     * @return what stood in the way of taking back what was to be confirmed
     */
    public List<String> ended() {
        netconf.ended(id());
        return netconf.datastores().ended(asker);
    }

    static String ok() {
        return OK;
    }

    /** Of errors of the server itself, none of whose words are for others. */
    public byte[] failed() {
        return framing.framed("<rpc-reply xmlns=\"" + Xml.BASE + "\">"
                + RpcException.protocol(Tag.OPERATION_FAILED, "the gateway failed; its log says why")
                        .xml()
                + "</rpc-reply>");
    }

    static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
