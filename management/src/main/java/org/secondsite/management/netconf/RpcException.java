package org.secondsite.management.netconf;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.model.Spelling;

/** Why an operation is not carried out (RFC 6241 §4.3): one error or several, each with a message. */
final class RpcException extends Exception {
    private static final long serialVersionUID = 1;

    /** A line of the judge: the file's name, a place in it, the path of the key, and the words. */
    private static final Pattern PROBLEM = Pattern.compile("(?:\\S*:)?\\d+:\\d+:? ([A-Za-z][A-Za-z0-9.\\[\\]]*): .*");

    private static final Pattern DOT = Pattern.compile("\\.");
    private static final Pattern INDEX = Pattern.compile("\\[(\\d+)]");

    /** Of a {@code rpc-error}, as RFC 6241's appendix A calls them. */
    enum Tag {
        IN_USE,
        INVALID_VALUE,
        MISSING_ELEMENT,
        BAD_ATTRIBUTE,
        UNKNOWN_ELEMENT,
        UNKNOWN_NAMESPACE,
        ACCESS_DENIED,
        LOCK_DENIED,
        DATA_EXISTS,
        DATA_MISSING,
        OPERATION_NOT_SUPPORTED,
        OPERATION_FAILED,
        MALFORMED_MESSAGE;

        String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Where a problem is. */
    private record Fault(String message, String path, String info) {}

    private final String type;
    private final Tag tag;
    private final transient List<Fault> faults;

    private RpcException(String type, Tag tag, List<Fault> faults) {
        super(faults.getFirst().message());
        this.type = type;
        this.tag = tag;
        this.faults = faults;
    }

    /** Of an operation as such. */
    static RpcException protocol(Tag tag, String message) {
        return new RpcException("protocol", tag, List.of(new Fault(message, "", "")));
    }

    /** Of an operation that somebody else stands in the way of. */
    static RpcException held(Tag tag, int session, String message) {
        return new RpcException(
                "protocol",
                tag,
                List.of(new Fault(message, "", "<error-info><session-id>" + session + "</session-id></error-info>")));
    }

    /** Of what is wanted, at a node; the path has the prefix {@code g}. */
    static RpcException at(Tag tag, String path, String message) {
        return new RpcException("application", tag, List.of(new Fault(message, path, "")));
    }

    /** What the judge says, line by line. */
    static RpcException of(RefusedChange refused) {
        Tag tag = refused.kind() == RefusedChange.Kind.INVALID ? Tag.INVALID_VALUE : Tag.OPERATION_FAILED;
        return new RpcException(
                "application",
                tag,
                refused.lines().stream()
                        .map(line -> new Fault(line, path(line), ""))
                        .toList());
    }

    private static String path(String line) {
        Matcher matcher = PROBLEM.matcher(line);
        if (!matcher.matches()) {
            return "";
        }
        StringBuilder path = new StringBuilder("/g:gateway");
        for (String step : DOT.splitAsStream(matcher.group(1)).toList()) {
            int index = step.indexOf('[');
            path.append("/g:").append(Spelling.ofYang(index < 0 ? step : step.substring(0, index)));
            Matcher number = INDEX.matcher(step);
            if (number.find()) {
                path.append('[').append(Integer.parseInt(number.group(1)) + 1).append(']');
            }
        }
        return path.toString();
    }

    Tag tag() {
        return tag;
    }

    /** As it stands in a reply. */
    String xml() {
        return faults.stream().map(this::xml).collect(Collectors.joining());
    }

    private String xml(Fault fault) {
        String path = fault.path().isEmpty()
                ? ""
                : "<error-path xmlns:g=\"" + GatewayModel.NAMESPACE + "\">" + Xml.escaped(fault.path())
                        + "</error-path>";
        return "<rpc-error><error-type>" + type + "</error-type><error-tag>" + tag.word()
                + "</error-tag><error-severity>error</error-severity>" + path + "<error-message xml:lang=\"en\">"
                + Xml.escaped(fault.message()) + "</error-message>" + fault.info() + "</rpc-error>";
    }
}
