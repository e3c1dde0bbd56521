package org.secondsite.management.rest;

import java.text.ParseException;
import java.util.List;
import java.util.Optional;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.api.ApiPath;
import org.opendaylight.restconf.server.spi.ApiPathNormalizer;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.model.FileTree;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.model.Secrets;

/**
 * The configuration over RESTCONF (RFC 8040): requests in, responses out. The datastore is the gateway's file: what is written becomes a
 * candidate, which the judge of the file judges, and which is committed as any other.
 *
 * <p>Of one's own: the query parameters {@code dry-run} (tells what a change would do, and changes nothing), {@code confirm=SECONDS},
 * {@code reason=TEXT} and {@code at-restart} of requests that write; POST to the address of what is not there creates it.
 */
public final class Restconf {
    private static final String DATA = "/restconf/data";
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int NOT_ACCEPTABLE = 406;
    private static final int PRECONDITION_FAILED = 412;
    private static final int FORBIDDEN = 403;
    private static final int SERVER_ERROR = 500;
    private static final int ATTEMPTS = 64;
    private static final String ALLOWED = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE";

    private final GatewayModel model;
    private final FileTree files;
    private final Secrets secrets;
    private final Resources resources;
    private final Reading reading;
    private final Operations operations;
    private final ConfigPort port;

    /** Of one gateway. */
    public Restconf(GatewayModel model, ConfigPort port) {
        this.model = model;
        this.port = port;
        files = new FileTree(model);
        secrets = new Secrets(model);
        resources = new Resources(model);
        reading = new Reading(model, port);
        operations = new Operations(model, port);
    }

    /** Answers a request. */
    public HttpResponse answer(HttpRequest request) {
        Optional<Encoding> wanted = Encoding.wanted(request);
        if (wanted.isEmpty()) {
            return Errors.response(
                    NOT_ACCEPTABLE,
                    ErrorTag.INVALID_VALUE,
                    "Accept has neither " + Encoding.JSON.type() + " nor " + Encoding.XML.type(),
                    Encoding.JSON);
        }
        try {
            HttpResponse response = routed(request, wanted.get());
            return request.method().equals("HEAD") ? response.withoutBody() : response;
        } catch (RequestException e) {
            return Errors.response(e, wanted.get());
        } catch (RefusedChange e) {
            return Errors.response(e, wanted.get());
        } catch (UnshownException e) {
            return Errors.response(SERVER_ERROR, ErrorTag.OPERATION_FAILED, e.getMessage(), wanted.get());
        }
    }

    /** The answer to what is no request. */
    public HttpResponse refused(RequestException e) {
        return Errors.response(e, Encoding.JSON);
    }

    private HttpResponse routed(HttpRequest request, Encoding encoding)
            throws RequestException, RefusedChange, UnshownException {
        String path = request.path();
        boolean reads = request.method().equals("GET") || request.method().equals("HEAD");
        Optional<HttpResponse> fixed = resources.get(path, encoding);
        if (fixed.isPresent()) {
            return reads ? fixed.get() : notAllowed("GET, HEAD", encoding);
        }
        if (path.startsWith(Operations.PATH + "/")) {
            return operations.answer(request, encoding);
        }
        if (!path.equals(DATA) && !path.startsWith(DATA + "/")) {
            return Errors.response(NOT_FOUND, ErrorTag.INVALID_VALUE, path + " is no address here", encoding);
        }
        Target target = target(path.substring(DATA.length()));
        return switch (request.method()) {
            case "GET", "HEAD" -> reading.get(request, target, encoding);
            case "OPTIONS" ->
                HttpResponse.of(204)
                        .with("Allow", ALLOWED)
                        .with("Accept-Patch", Encoding.JSON.type() + ", " + Encoding.XML.type());
            case "PUT", "PATCH", "POST", "DELETE" -> write(request, target, encoding);
            default -> notAllowed(ALLOWED, encoding);
        };
    }

    private static HttpResponse notAllowed(String allowed, Encoding encoding) {
        return Errors.response(
                        METHOD_NOT_ALLOWED, ErrorTag.OPERATION_NOT_SUPPORTED, "only " + allowed + " here", encoding)
                .with("Allow", allowed);
    }

    private Target target(String behind) throws RequestException {
        String url = behind.startsWith("/") ? behind.substring(1) : behind;
        try {
            return new Target(url, new ApiPathNormalizer(model.databind()).normalizeDataPath(ApiPath.parseUrl(url)));
        } catch (ParseException e) {
            throw new RequestException(ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, url + ": " + e.getMessage(), e);
        }
    }

    private HttpResponse write(HttpRequest request, Target target, Encoding encoding)
            throws RequestException, RefusedChange, UnshownException {
        if (target.isOfState()) {
            return notAllowed("GET, HEAD, OPTIONS", encoding);
        }
        WriteParameters parameters = WriteParameters.of(request);
        Optional<TickBox> box = request.method().equals("DELETE")
                ? Optional.empty()
                : TickBox.at(target.path().instance());
        if (!request.caller().may(box.isPresent() ? Caller.Role.OPERATOR : Caller.Role.ADMIN)) {
            return Errors.response(
                    FORBIDDEN,
                    ErrorTag.ACCESS_DENIED,
                    request.caller().name() + " is of role "
                            + request.caller().role().word() + ", which may not change this",
                    encoding);
        }
        for (int attempt = 1; ; attempt++) {
            ConfigPort.Running running = port.running();
            ContainerNode before = reading.configuration(running);
            Edit edit = new Edit(model, before);
            Optional<HttpResponse> unmet = unmet(request, target, edit, encoding);
            if (unmet.isPresent()) {
                return unmet.get();
            }
            Written written = new Writing(edit, target.path(), target.url()).carryOut(request);
            String text = box.isPresent()
                    ? box.get().written(running.text(), isTrue(edit, target))
                    : text(edit.gateway(), before, running.text());
            if (parameters.isDryRun()) {
                return HttpResponse.of(200, Encoding.JSON.type(), Impacts.json(port.compare(text)));
            }
            try {
                port.commit(parameters.wanted(text, request.caller().name(), running.revision()));
                return written.response(tag(edit, target));
            } catch (RefusedChange e) {
                // Somebody else was quicker: this change is made upon his.
                if (e.kind() != RefusedChange.Kind.STALE || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static boolean isTrue(Edit edit, Target target) {
        return edit.read(target.path().instance())
                .filter(leaf -> Boolean.TRUE.equals(leaf.body()))
                .isPresent();
    }

    /** The file that says what is wanted; one that says so already stays as it is, with its comments. */
    private String text(ContainerNode wanted, ContainerNode before, String text) throws RequestException {
        try {
            ContainerNode whole = secrets.restored(wanted, before);
            return whole.equals(before) ? text : files.write(whole);
        } catch (IllegalArgumentException e) {
            throw new RequestException(
                    ErrorType.APPLICATION, ErrorTag.INVALID_VALUE, String.valueOf(e.getMessage()), e);
        }
    }

    /** RFC 7232: a client may say what it believes to change. */
    private Optional<HttpResponse> unmet(HttpRequest request, Target target, Edit edit, Encoding encoding) {
        Optional<String> tag = tag(edit, target);
        boolean matches = request.header("if-match")
                .map(wanted -> tag.isPresent() && (wanted.equals("*") || listed(wanted, tag.get())))
                .orElse(true);
        boolean differs = request.header("if-none-match")
                .map(unwanted -> tag.isEmpty() || !(unwanted.equals("*") || listed(unwanted, tag.get())))
                .orElse(true);
        return matches && differs
                ? Optional.empty()
                : Optional.of(Errors.response(
                        PRECONDITION_FAILED,
                        ErrorTag.OPERATION_FAILED,
                        target.url() + " was changed meanwhile: it is now " + tag.orElse("not there"),
                        encoding));
    }

    private static boolean listed(String tags, String tag) {
        return List.of(tags.split("\\s*,\\s*")).contains(tag);
    }

    private Optional<String> tag(Edit edit, Target target) {
        return new Edit(model, secrets.masked(edit.gateway()))
                .read(target.path().instance())
                .map(Reading::tag);
    }
}
