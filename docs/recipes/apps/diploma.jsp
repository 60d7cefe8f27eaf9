<%@ page contentType="text/html; charset=UTF-8" session="false" import="java.net.URLDecoder, java.nio.charset.StandardCharsets" %><%!
  // Values beyond ASCII come percent-encoded; URLDecoder, made for forms, would turn a plus sign into a space.
  static String fact(jakarta.servlet.http.HttpServletRequest request, String name) {
    String value = request.getHeader("MyNumber-" + name);
    return value == null ? "" : URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
  static String html(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;").replace("'", "&#39;");
  }
%><%
  if (!"1".equals(fact(request, "Linked"))) {
    response.sendError(403);
    return;
  }
%><!doctype html>
<html lang="ja"><title>diploma</title>
<p id="account"><%= html(fact(request, "Account")) %></p>
<p id="name"><%= html(fact(request, "Name")) %></p>
<p id="birthdate"><%= html(fact(request, "Birthdate")) %></p>
<p id="url"><%= html(request.getRequestURL().toString()) %></p>
