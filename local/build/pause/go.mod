module observability.local/build/pause

go 1.26

tool observability.local/build/pause
