# The sandbox bank: standard library only.
FROM python:3.11-slim

COPY sandbox /srv/sandbox
WORKDIR /srv
USER nobody
EXPOSE 8090
ENTRYPOINT ["python", "-m", "sandbox", "--host", "0.0.0.0", "--port", "8090"]
