package org.secondsite.management.netconf;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.model.GatewayModel;

/** NETCONF (RFC 6241) of one gateway: the sessions that are open, and what they share. Sessions may be on any threads. */
public final class Netconf {
    /** Sessions at a time: each may have a message of 4 MiB in hand. */
    public static final int MAX_SESSIONS = 16;

    private static final String MONITORING = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
    private static final List<String> CAPABILITIES = List.of(
            "urn:ietf:params:netconf:base:1.0",
            "urn:ietf:params:netconf:base:1.1",
            "urn:ietf:params:netconf:capability:candidate:1.0",
            "urn:ietf:params:netconf:capability:confirmed-commit:1.1",
            "urn:ietf:params:netconf:capability:rollback-on-error:1.0",
            "urn:ietf:params:netconf:capability:validate:1.1",
            "urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit",
            MONITORING + "?module=ietf-netconf-monitoring&revision=2010-10-04",
            GatewayModel.NAMESPACE + "?module=" + GatewayModel.NAME + "&revision=" + GatewayModel.REVISION);

    private final GatewayModel model;
    private final Datastores datastores;
    private final Map<Integer, NetconfSession> sessions = new TreeMap<>();
    private int last;

    /** Of one gateway. */
    public Netconf(GatewayModel model, ConfigPort port) {
        this.model = model;
        datastores = new Datastores(model, port);
    }

    /**
     * Opens a session.
     *
     * @param caller whose it is
     * @param killing cuts its connection, when another session asks for that; does not wait
     * @return empty: there are too many
     */
    public Optional<NetconfSession> open(Caller caller, Runnable killing) {
        synchronized (sessions) {
            if (sessions.size() >= MAX_SESSIONS) {
                return Optional.empty();
            }
            last++;
            NetconfSession session = new NetconfSession(this, new Datastores.Asker(last, caller), killing);
            sessions.put(last, session);
            return Optional.of(session);
        }
    }

    void ended(int session) {
        synchronized (sessions) {
            sessions.remove(session);
        }
    }

    Optional<NetconfSession> session(int id) {
        synchronized (sessions) {
            return Optional.ofNullable(sessions.get(id));
        }
    }

    Datastores datastores() {
        return datastores;
    }

    GatewayModel model() {
        return model;
    }

    static String capabilities() {
        StringBuilder xml = new StringBuilder("<capabilities>");
        CAPABILITIES.forEach(capability ->
                xml.append("<capability>").append(Xml.escaped(capability)).append("</capability>"));
        return xml.append("</capabilities>").toString();
    }

    /** The state of the server (RFC 6022 §2.1), as far as clients need it to find the module. */
    String state() {
        StringBuilder xml = new StringBuilder("<netconf-state xmlns=\"" + MONITORING + "\">" + capabilities()
                + "<schemas><schema><identifier>" + GatewayModel.NAME + "</identifier><version>"
                + GatewayModel.REVISION + "</version><format>yang</format><namespace>" + GatewayModel.NAMESPACE
                + "</namespace><location>NETCONF</location></schema></schemas><sessions>");
        synchronized (sessions) {
            sessions.forEach((id, session) -> xml.append("<session><session-id>")
                    .append(id)
                    .append("</session-id><transport>netconf-ssh</transport><username>")
                    .append(Xml.escaped(session.caller().name()))
                    .append("</username></session>"));
        }
        return xml.append("</sessions></netconf-state>").toString();
    }

    /** The module, as {@code get-schema} asks for it (RFC 6022 §3.1). */
    static String schema(String text) {
        return "<data xmlns=\"" + MONITORING + "\">" + Xml.escaped(text) + "</data>";
    }
}
